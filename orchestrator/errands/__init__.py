"""The kinds of errand that Ringback can run: one file each, found by looking into this folder."""

import importlib
import pkgutil
from collections.abc import Iterable

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
    "find_errands",
    "never",
    "shown_number",
]

DEFAULT_ERRAND = "food_order"
"""What a message means that names no errand."""


def find_errands(folders: Iterable[str]) -> dict[str, Errand]:
    """Collect the `ERRAND` of every module in these folders that has one, the default first."""
    found: dict[str, Errand] = {}
    for module in pkgutil.iter_modules(folders):
        errand = getattr(importlib.import_module(f"{__name__}.{module.name}"), "ERRAND", None)
        if isinstance(errand, Errand):
            found[errand.name] = errand
    return dict(sorted(found.items(), key=lambda entry: entry[0] != DEFAULT_ERRAND))


ERRANDS = find_errands(__path__)
