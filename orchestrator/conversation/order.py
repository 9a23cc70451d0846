"""The order that a confirmed form becomes."""

from orchestrator.calls import CallOrder
from orchestrator.conversation.dialogue import callee_of
from orchestrator.errands import Errand, FieldKind, Form
from orchestrator.errands.wording import leaves_message
from orchestrator.errors import OrchestratorError
from ringback.v1 import call_results_pb2 as pb


class FormIncomplete(OrchestratorError):
    """Says which fields are still missing; `missing` holds their names."""

    code = "FAILED_PRECONDITION"
    http_status = 409

    def __init__(self, missing: tuple[str, ...]) -> None:
        self.missing = missing
        super().__init__(f"still missing: {', '.join(missing)}")


def build_order(errand: Errand, form: Form) -> CallOrder:
    """Turn a complete form into what is dialled and said.

    The number is the form's: from the contacts or from the person's own words, checked when it
    was put in. Raises: FormIncomplete.
    """
    missing = errand.missing(form)
    if missing:
        raise FormIncomplete(tuple(spec.name for spec in missing))
    details = errand.details(form)
    leaves = leaves_message(form)
    return CallOrder(
        errand=errand.name,
        instructions=errand.instructions(details),
        details=details,
        facts=errand.facts,
        to_number=errand.value_of(FieldKind.SHOP_NUMBER, form),
        callee=callee_of(errand, form),
        voicemail_policy=(
            pb.VOICEMAIL_POLICY_LEAVE_MESSAGE if leaves else pb.VOICEMAIL_POLICY_HANG_UP
        ),
        voicemail_message=errand.voicemail_message(form) if leaves else "",
    )
