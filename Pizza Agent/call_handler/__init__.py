"""The Call Handler: conducts phone calls and reports what became of them."""
