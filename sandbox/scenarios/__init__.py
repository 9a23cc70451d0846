"""Every call the sandbox can play, by name: who answers, how the agent behaves, what goes wrong."""

from collections.abc import Mapping
from types import MappingProxyType

from sandbox.scenario import Scenario
from sandbox.scenarios.broken import BROKEN
from sandbox.scenarios.hung_up import HUNG_UP
from sandbox.scenarios.liars import LIARS
from sandbox.scenarios.machines import MACHINES
from sandbox.scenarios.never_connected import NEVER_CONNECTED
from sandbox.scenarios.not_taken import NOT_TAKEN
from sandbox.scenarios.short import SHORT
from sandbox.scenarios.taken import TAKEN
from sandbox.scenarios.tempted import TEMPTED

_GROUPS = (
    TAKEN,
    NOT_TAKEN,
    MACHINES,
    HUNG_UP,
    BROKEN,
    LIARS,
    TEMPTED,
    NEVER_CONNECTED,
    SHORT,
)
SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {scenario.name: scenario for group in _GROUPS for scenario in group}
)
