"""Starts the Call Handler: `python "Pizza Agent/main.py"`.

For development also `uvicorn --factory main:app`, which neither drains nor limits.
"""

from foundation.loading import load_lightly

if __name__ == "__main__":
    load_lightly()

from fastapi import FastAPI

from call_handler.app import create_app, main
from call_handler.settings import HandlerSettings
from foundation.settings import load_settings


def app() -> FastAPI:
    """Build the app for a plain uvicorn."""
    return create_app(load_settings(HandlerSettings))


if __name__ == "__main__":
    main()
