"""How a violation is told: the seed, the command that repeats it, and the call's history."""

from tests.simulation.seed import SeedReport


def repeat_command(seed: int) -> str:
    """Say how to see one seed again."""
    return f".venv/bin/python -m tests.simulation {seed}"


def describe_findings(report: SeedReport) -> str:
    """Say which promises a seed broke, and how to repeat it."""
    seed, theme = report.plan.seed, report.plan.theme
    told = "; ".join(
        f"{finding.promise}: {finding.what}" + (f" ({finding.call_id})" if finding.call_id else "")
        for finding in report.findings
    )
    return f"seed {seed} ({theme}): {told}. Again: {repeat_command(seed)}"


def tell_history(report: SeedReport, call_ids: set[str]) -> list[str]:
    """Tell what happened to some calls, and to the processes, in order; no ids: to all."""
    return [
        f"{at_s:9.3f} s  {call_id[-12:]:12}  {what}"
        for at_s, call_id, what in report.history
        if not call_ids or not call_id or call_id in call_ids
    ]


def tell_findings(report: SeedReport) -> list[str]:
    """Tell a seed's findings and the history of the calls concerned."""
    concerned = {finding.call_id for finding in report.findings if finding.call_id}
    return [describe_findings(report), *tell_history(report, concerned)]
