"""All stages of `make chaos`, in the order in which they run."""

from tests.chaos import marked_tests, random_kills
from tests.chaos.stage import Stage

STAGES: tuple[Stage, ...] = (random_kills.STAGE, marked_tests.STAGE)
