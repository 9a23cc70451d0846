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

STAGES: tuple[Stage, ...] = (
    random_kills.STAGE,
    replicas.STAGE,
    load.STAGE,
    failpoints.STAGE,
    crash_points.STAGE,
    postgres_kills.STAGE,
    caps.STAGE,
    simulation.STAGE,
    power_cuts.STAGE,
    marked_tests.STAGE,
    mutants.STAGE,
)
