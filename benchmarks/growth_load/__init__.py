"""Loads stores of many sizes: filling, the client of every read, a server that erases on demand."""
