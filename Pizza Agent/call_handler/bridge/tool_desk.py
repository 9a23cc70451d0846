"""What becomes of the tools that the model uses: keys pressed, a person asked, outputs given."""

from collections.abc import Mapping

from call_handler.bridge.asking import Question
from call_handler.bridge.outgoing import Outgoing
from call_handler.bridge.toolbox import Toolbox, UsedTool
from call_handler.bridge.transcript import Transcript
from call_handler.bridge.voice import AgentVoice, KeyPress
from call_handler.realtime import EventWriter
from call_handler.tools import PRESSED, tell_answer


class ToolDesk:
    """Carries out the model's tools and gives it their outputs, at once or when they are there.

    What gives outputs returns how many it sent: the model has to be asked to go on then.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        voice: AgentVoice,
        transcript: Transcript,
        outgoing: Outgoing,
        writer: EventWriter,
    ) -> None:
        self._questions: list[Question] = []
        self._toolbox = toolbox
        self._voice = voice
        self._transcript = transcript
        self._outgoing = outgoing
        self._writer = writer

    def collect(self, item: Mapping[str, object]) -> bool:
        """Take an item of the model if it is a complete and new use of a tool."""
        return self._toolbox.collect(item)

    def run(self, clock_ms: int) -> int:
        """Run what was collected; keys and questions have their outputs later."""
        sent = 0
        for used in self._toolbox.run():
            if used.answer.keys:
                self._voice.press(KeyPress(used.function_call_id, used.answer.keys), clock_ms)
            elif used.answer.question:
                self._questions.append(Question(used.function_call_id, used.answer.question))
            else:
                sent += self._answer(used, clock_ms)
        return sent

    def take_pressed(self, clock_ms: int) -> int:
        """Tell the model which keys were pressed, now that their tones were played."""
        pressed, self._voice.pressed = self._voice.pressed, []
        return sum(
            self._answer(self._toolbox.settle(keys.function_call_id, PRESSED), clock_ms)
            for keys in pressed
        )

    def take_questions(self) -> list[Question]:
        """Give the questions that are to be put, and forget them."""
        taken, self._questions = self._questions, []
        return taken

    def take_answer(self, question: Question, answer: str | None, clock_ms: int) -> int:
        """Hand the person's answer to the model; None when there was none in time."""
        used = self._toolbox.settle(question.function_call_id, tell_answer(answer))
        return self._answer(used, clock_ms)

    def finish(self, clock_ms: int) -> None:
        """Enter in the transcript what has no output when the call is over."""
        for used in self._toolbox.take_open():
            self._transcript.add_tool(used.use, clock_ms)

    def _answer(self, used: UsedTool | None, clock_ms: int) -> int:
        if used is None:
            return 0
        self._transcript.add_tool(used.use, clock_ms)
        output = self._writer.answer_tool(used.function_call_id, used.use.output)
        self._outgoing.send_to_model(output)
        return 1
