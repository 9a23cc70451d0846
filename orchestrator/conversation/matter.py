"""What an errand is about - things, purpose, times - beside whom to call and for whom."""

from dataclasses import replace

from orchestrator.errands import Errand, FieldKind, Form

_MATTER = frozenset({FieldKind.ITEMS, FieldKind.SUBJECT})
# Belongs to one errand and not to the next one of the same person.
_PASSING = _MATTER | {FieldKind.TIMES}
# What another errand of the same conversation takes over: always, and before a call was made.
_PERSON = frozenset({FieldKind.PERSON_NAME, FieldKind.CALLBACK_NUMBER})
_SHARED = _PERSON | {FieldKind.SHOP, FieldKind.SHOP_NUMBER, FieldKind.NOTE, FieldKind.VOICEMAIL}


def names_matter(errand: Errand, form: Form) -> bool:
    """Say whether the form tells what the errand is about."""
    return any(form.holds(spec) for spec in errand.fields if spec.kind in _MATTER)


def forget_matter(errand: Errand, form: Form) -> Form:
    """Take out what the next errand of the same kind must be told anew."""
    passing = {spec.name for spec in errand.fields if spec.kind in _PASSING}
    kept = {name: value for name, value in form.values.items() if name not in passing}
    return replace(form, values=kept, items=())


def carry_over(errand: Errand, form: Form, to: Errand, *, is_settled: bool) -> Form:
    """Begin the form of another errand with what it shares.

    `is_settled`: a call was made, so that only the person stays the same.
    """
    kinds = _PERSON if is_settled else _SHARED
    values = {
        spec.name: value
        for spec in to.fields
        if spec.kind in kinds and (value := errand.value_of(spec.kind, form))
    }
    return Form(values)
