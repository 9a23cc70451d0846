"""A voice agent as tutorials write them, before and after it reports its calls."""
