"""What a running call tells others, and when."""

import asyncio
from typing import cast

import pytest

from call_reporter.errors import OutboxBroken
from call_reporter.options import ReporterOptions
from call_reporter.progress import CallNames, Progress
from call_reporter.wire import Wire
from ringback.v1 import call_results_pb2 as pb

NAMES = CallNames("CA" + "1" * 32, "", "", "")


class Witness:
    """A server and a disk that write down in which order they were asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.seen: list[str] = []
        self.told = asyncio.Event()
        self._error = error

    async def settle(self) -> None:
        self.seen.append("on the disk")
        if self._error is not None:
            raise self._error

    async def report_progress(
        self, request: pb.ReportProgressRequest, _deadline_s: float
    ) -> pb.ReportProgressResponse:
        self.seen.append("told")
        self.told.set()
        return pb.ReportProgressResponse(last_turn=len(request.turns))


@pytest.mark.parametrize("error", [None, OutboxBroken("the disk is gone")])
async def test_a_turn_is_on_the_disk_before_others_hear_of_it(error: Exception | None) -> None:
    witness = Witness(error)
    turns = [pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="Hello?")]
    wire = cast("Wire", witness)
    progress = Progress(wire, ReporterOptions(), NAMES, turns, witness.settle)

    progress.start()
    await asyncio.wait_for(witness.told.wait(), 5)
    await progress.close()

    assert witness.seen == ["on the disk", "told"]


async def test_turns_that_are_gathered_do_not_put_off_the_sign_of_life() -> None:
    witness = Witness()
    turns = [pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="Hello?")]
    options = ReporterOptions(progress_every_s=0.05, progress_gather_s=3_600.0)
    progress = Progress(cast("Wire", witness), options, NAMES, turns, witness.settle)

    progress.start()
    await asyncio.wait_for(witness.told.wait(), 30)
    witness.told.clear()
    progress.note_turn(0)
    await asyncio.wait_for(witness.told.wait(), 30)
    await progress.close()

    assert witness.seen[-1] == "told"
