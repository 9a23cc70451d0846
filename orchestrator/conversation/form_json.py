"""An errand's form as the table and the chat API keep it."""

from collections.abc import Mapping

from orchestrator.errands import Errand, FieldKind, Form, Item

_ASKED = "asked"


def form_to_json(errand: Errand, form: Form) -> dict[str, object]:
    """Write a form as plain JSON: its values, its items, and all items as one phrase."""
    items = errand.field_of(FieldKind.ITEMS)
    written: dict[str, object] = {name: value for name, value in form.values.items() if value}
    if items:
        written[items.name] = [
            {"quantity": item.quantity, "what": item.what} for item in form.items
        ]
        written |= {name: text for name, text in errand.details(form).items() if name == "order"}
    if form.asked:
        written[_ASKED] = form.asked
    return written


def form_from_json(errand: Errand, written: Mapping[str, object]) -> Form:
    """Read a form back; what is not a field of the errand is ignored."""
    values = {
        spec.name: value
        for spec in errand.fields
        if isinstance(value := written.get(spec.name), str)
    }
    spec = errand.field_of(FieldKind.ITEMS)
    listed = written.get(spec.name) if spec else None
    items = tuple(
        Item(int(item["quantity"]), str(item["what"]))
        for item in (listed if isinstance(listed, list) else [])
    )
    asked = written.get(_ASKED)
    return Form(values, items, asked if isinstance(asked, str) else "")
