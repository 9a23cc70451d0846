"""All stages of `make chaos`, in the order in which they run."""

from tests.chaos import (
    caps,
    crash_points,
    failpoints,
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
    failpoints.STAGE,
    crash_points.STAGE,
    postgres_kills.STAGE,
    power_cuts.STAGE,
    replicas.STAGE,
    caps.STAGE,
    simulation.STAGE,
    mutants.STAGE,
    marked_tests.STAGE,
)
