"""All stages of `make chaos`, in the order in which they run."""

from tests.chaos import (
    caps,
    crash_points,
    failpoints,
    load,
    marked_tests,
    mutants,
    postgres_kills,
    power_cuts,
    random_kills,
    replicas,
    simulation,
)
from tests.chaos.stage import Stage

# First those that judge moments, with nothing beside them. The mutants run beside the kills on a
# plan, where hardly a call is untouched: waiting for the dead leaves a core half idle there.
STAGES: tuple[Stage, ...] = (
    replicas.STAGE,
    load.STAGE,
    simulation.STAGE,
    power_cuts.STAGE,
    random_kills.STAGE,
    failpoints.STAGE,
    crash_points.STAGE,
    mutants.STAGE,
    postgres_kills.STAGE,
    caps.STAGE,
    marked_tests.STAGE,
)
