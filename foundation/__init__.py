"""What both services stand on: clock, failpoints, text cleaning, logging, settings, the draining server."""
