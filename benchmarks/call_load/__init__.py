"""Stands for all that is around an Orchestrator while calls run: persons, handler and carrier."""
