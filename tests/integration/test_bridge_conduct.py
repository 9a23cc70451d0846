"""The rules of conduct between two sockets: the carrier's word, a beep, the message behind it."""

import asyncio
import base64

from call_handler.bridge import DialogueSetup, Signals
from call_handler.bridge.conduct import ConductRules
from call_handler.outcome import EndKind
from tests.integration.bridge_rig import Rig, frame
from tests.unit.call_handler.conduct_rig import DUTY, GREETING, MESSAGE
from tests.unit.call_handler.dialogue_rig import FACTS
from tests.unit.call_handler.test_beep import sound


def frames(first: int, audio: bytes) -> list[str]:
    """Cut sound into the carrier's messages."""
    parts = [audio[start : start + 160] for start in range(0, len(audio), 160)]
    return [
        frame(first + number, base64.b64encode(part).decode()) for number, part in enumerate(parts)
    ]


async def test_the_carriers_fax_ends_a_call_in_which_nobody_spoke() -> None:
    rig = Rig(signals=Signals(answered_by=lambda: "fax"))
    rig.gate.set()
    running = asyncio.create_task(rig.run())
    rig.carrier.put(frame(1))
    while not rig.dialogue.conduct.word:
        await asyncio.wait({running}, timeout=0.001)
    rig.carrier.put(*frames(2, sound(2_100)))
    end = await running
    assert (end.kind, end.answered_by_word) == (EndKind.FAX, "fax")


async def test_a_message_is_asked_for_when_the_beep_has_ended() -> None:
    rules = ConductRules(DUTY, message=MESSAGE)
    rig = Rig(setup=DialogueSetup("MZ1", FACTS, rules=rules))
    rig.gate.set()
    greeting = "conversation.item.input_audio_transcription.completed"
    rig.model.put({"type": greeting, "item_id": "item_1", "transcript": GREETING})
    running = asyncio.create_task(rig.run())
    rig.carrier.put(frame(1))
    while not rig.dialogue.conduct.listens:
        await asyncio.wait({running}, timeout=0.001)
    beep = frames(2, sound(200) + sound(400, 1_000) + sound(400))
    rig.carrier.put(*beep)
    await rig.model.wait_for(1 + len(beep) + 1)
    told = next(event for event in rig.model.sent if event["type"] == "response.create")
    assert MESSAGE in str(told["response"])
    rig.carrier.put(None)
    await running
