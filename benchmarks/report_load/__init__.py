"""Loads the report path: payload, client, the bare echo, a one-table server, the real product."""
