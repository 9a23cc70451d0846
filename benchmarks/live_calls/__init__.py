"""Real calls for load: the three services as processes, callees of the sandbox's light mode."""
