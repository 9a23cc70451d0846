"""What can be done for a person, as the greeting tells it."""

from orchestrator.errands import ERRANDS


def greeting() -> str:
    """Tell what can be done, with an example of each."""
    offers = ", or ".join(errand.offer for errand in ERRANDS.values())
    examples = " or ".join(f'"{errand.example}"' for errand in ERRANDS.values())
    return (
        f"Hello! I make phone calls for you: I can {offers}. Tell me what you need, such as "
        f"{examples} - best with your name and a number where they can reach you."
    )
