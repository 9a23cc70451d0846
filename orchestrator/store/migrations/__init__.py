"""The migrations: numbered, each only adds; what removes comes a release later."""
