"""Starts the Orchestrator: `python -m orchestrator`."""

import sys

from foundation.loading import load_lightly

load_lightly()

from foundation.failpoints import arm_failpoints
from foundation.logs import configure_logging
from foundation.server import run_service
from foundation.settings import PREFIX, LogFormat, load_settings
from orchestrator import call_handler_client
from orchestrator.contacts import BadContacts, load_contacts
from orchestrator.main import create_app
from orchestrator.settings import OrchestratorSettings
from telephony import twilio_rest

CANNOT_START = 2
_LATER = (*call_handler_client.LOADED_LATER, *twilio_rest.LOADED_LATER)


def main() -> None:
    """Serve until a signal ends it; exit 2 with the reasons on stderr when it cannot start."""
    settings = load_settings(OrchestratorSettings)
    try:
        load_contacts(settings.contacts)
    except BadContacts as error:
        print(f"{PREFIX}CONTACTS: {error}", file=sys.stderr)  # noqa: T201 - start errors are for people
        raise SystemExit(CANNOT_START) from error
    arm_failpoints(settings.failpoints)
    configure_logging("orchestrator", settings.log_level, settings.log_format is LogFormat.JSON)
    run_service(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        drain_s=settings.drain_s,
        later=_LATER,
    )


if __name__ == "__main__":
    main()
