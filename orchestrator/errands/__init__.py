"""The kinds of errand that Ringback can run: one file each, found by looking into this folder."""

import importlib
import pkgutil
from collections.abc import Mapping

from orchestrator.errands.errand import (
    DeclaredFact,
    Errand,
    FieldKind,
    FieldSpec,
    Form,
    Item,
    always,
    never,
    shown_number,
)

__all__ = [
    "DEFAULT_ERRAND",
    "ERRANDS",
    "DeclaredFact",
    "Errand",
    "FieldKind",
    "FieldSpec",
    "Form",
    "Item",
    "always",
    "never",
    "shown_number",
]


def _find_errands() -> dict[str, Errand]:
    """Collect the `ERRAND` of every module in this folder that has one."""
    found: dict[str, Errand] = {}
    for module in pkgutil.iter_modules(__path__):
        errand = getattr(importlib.import_module(f"{__name__}.{module.name}"), "ERRAND", None)
        if isinstance(errand, Errand):
            found[errand.name] = errand
    return found


ERRANDS: Mapping[str, Errand] = _find_errands()
DEFAULT_ERRAND = "food_order"
