"""What a user would pick instead, each in an environment of its own and run by its own python."""
