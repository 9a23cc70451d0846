"""Fixtures of the Call Handler's unit tests."""

import pytest

from tests.unit.call_handler.dialogue_rig import Talk


@pytest.fixture
def talk() -> Talk:
    """Make a dialogue whose session has just begun."""
    return Talk()
