"""The door for people: the chat and its page, the list of calls, live updates, static files."""

from orchestrator.web.mounting import WebAccess, mount_web
from orchestrator.web.page_routes import render_missing

__all__ = ["WebAccess", "mount_web", "render_missing"]
