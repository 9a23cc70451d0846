"""What both services stand on: clock, failpoints, text, logging, settings, the draining server."""
