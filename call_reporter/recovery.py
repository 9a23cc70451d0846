"""What becomes of calls whose process died: a result put together from what it had written down."""

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime

from call_reporter.limits import fit_result
from call_reporter.options import ReporterOptions
from call_reporter.outbox import Outbox
from call_reporter.vocabulary import word_of
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

_SNIPPET_TURNS = 4


async def recover_lost_calls(outbox: Outbox, options: ReporterOptions) -> int:
    """Write a result for every call that a former process left running; returns how many."""

    def build(
        draft: pb.CallResult, turns: Sequence[pb.TranscriptTurn], was_claimed: bool
    ) -> pb.CallResult:
        result = build_recovered_result(
            draft, turns, was_claimed=was_claimed, now=options.clock.now()
        )
        return fit_result(result, options.max_result_bytes)

    recovered = await outbox.recover(build)
    for result in recovered:
        log.warning(
            "call_recovered call_id=%s call_sid=%s turns=%d",
            result.call_id,
            result.call_sid,
            len(result.transcript),
        )
    return len(recovered)


def build_recovered_result(
    draft: pb.CallResult, turns: Sequence[pb.TranscriptTurn], *, was_claimed: bool, now: datetime
) -> pb.CallResult:
    """Build the result of a call whose process died, from its draft and the turns it wrote down.

    `was_claimed`: the server had granted the call to the stream, so the phone was answered.
    """
    was_connected = was_claimed or bool(turns)
    status = pb.CALL_STATUS_COMPLETED if was_connected else pb.CALL_STATUS_UNKNOWN
    result = pb.CallResult(
        call_sid=draft.call_sid,
        call_id=draft.call_id,
        status=status,
        summary=_summarise(len(turns)),
        transcript_snippet=_quote_end(turns),
        error_message="The program that held the call stopped before it could report.",
        report_id=uuid.uuid4().hex,
        end_reason=pb.END_REASON_HANDLER_LOST,
        outcome=pb.OUTCOME_FOLLOW_UP,
        source=pb.SOURCE_RECOVERED,
        transcript=turns,
        transcript_complete=False,
        handler_instance=draft.handler_instance,
        test=draft.test,
    )
    result.report_time.FromDatetime(now)
    return result


def _summarise(turns: int) -> str:
    if turns == 0:
        return (
            "The program that held the call stopped; nothing of the conversation was written down."
        )
    said = "one turn was" if turns == 1 else f"{turns} turns were"
    return (
        f"The program that held the call stopped while it ran; {said} written down before. "
        "Somebody should look."
    )


def _quote_end(turns: Sequence[pb.TranscriptTurn]) -> str:
    spoken = [turn for turn in turns if turn.text][-_SNIPPET_TURNS:]
    return "\n".join(
        f"{word_of(pb.Role, turn.role).capitalize()}: {turn.text[:500]}" for turn in spoken
    )
