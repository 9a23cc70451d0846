"""What can be done for a person, as the greeting tells it."""

from orchestrator.errands import ERRANDS


def greeting() -> str:
    """Tell what can be done, with an example of each."""
    examples = " or ".join(f'"{errand.example}"' for errand in ERRANDS.values())
    return (
        f"Hello! I make phone calls for you: I can {_offers()}. Tell me what you need, such as "
        f"{examples} - best with your name and a number where they can reach you."
    )


def offer() -> str:
    """Ask which errand is wanted."""
    return f"What can I do for you? I can {_offers()}."


def _offers() -> str:
    return ", or ".join(errand.offer for errand in ERRANDS.values())
