"""Starts the Call Handler where there is no `Pizza Agent/main.py`: installed from a wheel."""

import gc

if __name__ == "__main__":
    gc.disable()  # nothing that a start loads is garbage: orchestrator/__main__.py has the figure

from call_handler.app import main

if __name__ == "__main__":
    main()
