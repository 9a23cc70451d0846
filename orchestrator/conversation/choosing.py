"""Which errand a message means: what the errands' files say decides, never a model."""

from dataclasses import replace

from orchestrator.conversation.dialogue import Situation, TaskState
from orchestrator.conversation.matter import carry_over, names_matter
from orchestrator.errands import ERRANDS, Errand


def choose_errand(current: Errand, situation: Situation, text: str) -> tuple[Errand, Situation]:
    """Say which errand a message is about, and how the conversation stands for that one.

    It can change until the person has said what the errand is about, and after its call; of
    several that a message speaks of, the first counts. One that is named so is understood, even
    if the message tells nothing else.
    """
    is_settled = situation.state is TaskState.DONE
    is_begun = names_matter(current, situation.form) and not is_settled
    if is_begun or situation.state in {TaskState.CONFIRMING, TaskState.CALLING}:
        return current, situation
    named = [
        (place, errand.name != current.name, errand)
        for errand in ERRANDS.values()
        if (place := errand.find_in(text)) is not None
    ]
    if not named:
        return current, situation
    *_, chosen = min(named, key=lambda one: one[:2])
    if chosen.name == current.name:
        return current, replace(situation, names_errand=True)
    form = carry_over(current, situation.form, chosen, is_settled=is_settled)
    return chosen, Situation(TaskState.COLLECTING, form, names_errand=True)
