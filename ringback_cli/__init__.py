"""The ringback command: a client of the wire, and the launcher behind make run."""
