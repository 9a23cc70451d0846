"""A stage: every mutant of the product, each alone, must turn its named checks red."""

import asyncio
from collections.abc import Sequence

from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.tree import Tree, Verdict


async def run_mutants(context: Context) -> StageReport:
    """Run the checks of the sound tree, then those of each mutant."""
    report = StageReport()
    tree = await asyncio.to_thread(Tree, context.folder / "tree")
    context.progress(0, len(MUTANTS), "without a mutant")
    every = list(dict.fromkeys(check for mutant in MUTANTS for check in mutant.checks))
    sound = await asyncio.to_thread(tree.run, every)
    if sound.failed or not sound.is_sound:
        what = "A check of the mutants is red without any."
        report.violations.append(Violation(what, tuple(sound.said.splitlines())))
    for number, mutant in enumerate(MUTANTS):
        context.progress(number, len(MUTANTS), mutant.name)
        verdict = await asyncio.to_thread(judge_mutant, tree, mutant)
        caught = [check.rpartition("::")[2] for check in mutant.checks if check in verdict.failed]
        figure = ", ".join(caught) or "nothing"
        report.figures[f"mutant {mutant.name}"] = f"{figure} ({verdict.seconds:.1f} s)"
        report.violations += missed(mutant, verdict)
    return report


def judge_mutant(tree: Tree, mutant: Mutant) -> Verdict:
    """Run a mutant's checks with it in the tree."""
    with tree.edited([mutant]):
        return tree.run(mutant.checks)


def missed(mutant: Mutant, verdict: Verdict) -> Sequence[Violation]:
    """Name the checks that did not see the mutant."""
    blind = sorted(set(mutant.checks) - verdict.failed)
    if not blind and verdict.is_sound:
        return []
    what = f"The mutant {mutant.name} ({mutant.lacks}) is not seen by {', '.join(blind)}."
    return [Violation(what, tuple(verdict.said.splitlines()))]


STAGE = Stage(
    "mutants",
    "what must turn red",
    run_mutants,
    is_in_quick=False,
    company="kills on a plan",
)
