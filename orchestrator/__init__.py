"""The Orchestrator: tasks, the life of each call, and the record of every result."""
