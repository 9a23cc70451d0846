"""The order that a confirmed form becomes."""

from orchestrator.calls import CallOrder
from orchestrator.errands import Errand, FieldKind, Form
from orchestrator.errors import OrchestratorError


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
    number = errand.field_of(FieldKind.SHOP_NUMBER)
    details = errand.details(form)
    return CallOrder(
        errand=errand.name,
        instructions=errand.instructions(details),
        details=details,
        facts=errand.facts,
        to_number=form.get(number.name) if number else "",
    )
