"""Starts the Call Handler where there is no `Pizza Agent/main.py`: installed from a wheel."""

from foundation.loading import load_lightly

if __name__ == "__main__":
    load_lightly()

from call_handler.app import main

if __name__ == "__main__":
    main()
