"""The example agent as a process of its own: killed in the middle of its call and started again."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from ringback.v1 import call_results_pb2 as pb
from tests.integration.call_reporter_server import ScriptedResults, serving

AGENT = Path(__file__).parents[2] / "docs" / "examples" / "agent.py"


async def start_agent(target: str, folder: Path, pause_s: float) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(AGENT),
        target,
        str(folder / "calls.db"),
        str(pause_s),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.chaos
async def test_an_agent_killed_in_its_call_has_its_one_result_after_the_next_start(
    tmp_path: Path,
) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target:
        agent = await start_agent(target, tmp_path, 1.0)  # four more seconds to be killed in
        await servicer.wait_for(lambda: any(told.first_turn == 1 for told in servicer.progress))
        agent.kill()
        assert await agent.wait() < 0
        assert servicer.reports == []
        killed_sid = servicer.progress[0].call_sid
        said = max(told.first_turn + len(told.turns) for told in servicer.progress)

        agent = await start_agent(target, tmp_path, 0.01)
        assert await agent.wait() == 0
        recovered, held = sorted(servicer.stored.values(), key=lambda each: each.source)
    assert (recovered.call_sid, recovered.source) == (killed_sid, pb.SOURCE_RECOVERED)
    assert len(recovered.transcript) >= said >= 2
    assert recovered.transcript[0].text == "Luigi's, hello?"
    assert (held.source, len(held.transcript)) == (pb.SOURCE_HANDLER, 5)


async def test_an_agent_that_is_left_alone_reports_one_finished_call(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with serving(servicer) as target:
        agent = await start_agent(target, tmp_path, 0.01)
        assert await agent.wait() == 0
    (result,) = servicer.stored.values()
    assert result.summary == "Ordered one large margherita."
