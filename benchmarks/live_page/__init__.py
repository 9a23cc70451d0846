"""A real browser beside the real services: when a person can see what has happened."""
