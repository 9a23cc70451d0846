"""An evaluation as one page to read: the table, and every call with its transcript."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.evaluation.barge_ins import measure_barge_ins
from tests.evaluation.judge import find_misses
from tests.evaluation.played import Json, Played
from tests.evaluation.table import COLUMNS, Row

_HERE = Path(__file__).parent
_MS_PER_S = 1_000


def write_report(rows: Sequence[Row], facts: Sequence[str], misses: Sequence[str]) -> str:
    """Write the page. `facts`: seed, machine and figures, a line each."""
    pages = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("report.html.j2").render(
        columns=COLUMNS,
        rows=[{"cells": row.cells(), "missed": bool(row.misses)} for row in rows],
        facts=facts,
        misses=misses,
        callees=[_show_callee(row) for row in rows],
    )


def _show_callee(row: Row) -> Mapping[str, object]:
    scripted = row.runs[0].scripted
    return {
        "name": row.name,
        "summary": scripted.summary,
        "request": scripted.request,
        "missed": bool(row.misses),
        "runs": [_show_run(run) for run in row.runs],
    }


def _show_run(run: Played) -> Mapping[str, object]:
    barge_ins = measure_barge_ins(run.lines)
    return {
        "seed": run.seed,
        "call_id": run.call_id,
        "misses": find_misses(run),
        "summary": run.text("summary"),
        "words": [run.text(name) for name in ("status", "end_reason", "outcome", "answered_by")],
        "facts": [_show_fact(fact) for fact in run.objects("facts")],
        "errors_ms": [round(error) for error in barge_ins.errors_ms],
        "turns": [_show_turn(turn) for turn in run.objects("transcript")],
    }


def _show_fact(fact: Json) -> Mapping[str, object]:
    return {
        "name": str(fact["name"]).replace("_", " "),
        "value": fact.get("value", ""),
        "turns": fact.get("evidence_turns", []),
    }


def _show_turn(turn: Json) -> Mapping[str, object]:
    tool = turn.get("tool")
    used = f"{tool['name']}({tool.get('arguments', '')})" if isinstance(tool, Mapping) else ""
    keys = f"(keys {turn['dtmf']})" if turn.get("dtmf") else ""
    begun = turn.get("start_ms")
    return {
        "role": str(turn["role"]).removeprefix("ROLE_").lower(),
        "text": " ".join(part for part in (str(turn.get("text", "")), keys, used) if part),
        "interrupted": bool(turn.get("interrupted")),
        "at": f"{begun / _MS_PER_S:.1f}" if isinstance(begun, int) else "",
    }
