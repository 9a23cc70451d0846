"""A call that waits for the person: the Call Handler's side, played by the test."""

from orchestrator.calls import CallTimings, Progress, ProgressAnswer, Question, record_progress
from ringback.v1 import call_results_pb2 as pb
from tests.integration.chat_rig import NONCE, TALK, ChatRig, call_sid

FUNGHI = Question("q1", "They have no margherita. Shall I take a funghi?", 30)


async def ask(chat: ChatRig, call_id: str, question: Question | None) -> ProgressAnswer:
    """Report progress of a call, as its handler does while it waits for the person."""
    progress = Progress(
        call_id=call_id,
        call_sid=call_sid(call_id),
        status=pb.CALL_STATUS_IN_PROGRESS,
        first_turn=0,
        turns=[],
        stream_nonce=NONCE,
        question=question,
    )
    return await record_progress(chat.store, progress, CallTimings())


async def asking_call(chat: ChatRig, question: Question = FUNGHI) -> tuple[str, str]:
    """Let a call talk and ask; return the ids of task and call."""
    task_id, call_id = await chat.order()
    await chat.talk(call_id, *TALK)
    await ask(chat, call_id, question)
    return task_id, call_id
