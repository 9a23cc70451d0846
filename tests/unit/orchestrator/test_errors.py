"""The printed tree of errors is the tree that is there."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import orchestrator
from orchestrator import errors

_RUN_AT_IMPORT = ("orchestrator.__main__", "orchestrator.store.migrations")


def exceptions_of_ours() -> Iterator[type[BaseException]]:
    """Find every exception that a module of the Orchestrator defines."""
    for module in pkgutil.walk_packages(orchestrator.__path__, "orchestrator."):
        if not module.name.startswith(_RUN_AT_IMPORT):
            members = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
            yield from (
                each
                for _, each in members
                if issubclass(each, BaseException) and each.__module__ == module.name
            )


OURS = sorted(set(exceptions_of_ours()), key=lambda each: each.__name__)


@pytest.mark.parametrize("error", OURS, ids=lambda error: error.__name__)
def test_every_error_of_the_orchestrator_stands_in_the_printed_tree(
    error: type[BaseException],
) -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines() if error.__name__ in line]

    assert len(lines) == 1
    if issubclass(error, errors.OrchestratorError) and error is not errors.OrchestratorError:
        assert [error.__name__, error.code, str(error.http_status)] == lines[0].split()[:3]


def test_errors_beside_their_use_are_found() -> None:
    names = {error.__name__ for error in OURS}

    assert {"ConversationBusy", "WebhookRefused", "StoreUnusable"} <= names
