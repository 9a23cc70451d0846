"""What becomes of the tools that the model uses: keys pressed, a person asked, outputs given."""

from collections.abc import Mapping

from call_handler.bridge.asking import Question
from call_handler.bridge.conduct import Conduct
from call_handler.bridge.floor import Floor
from call_handler.bridge.toolbox import Toolbox, UsedTool
from call_handler.bridge.transcript import Transcript
from call_handler.bridge.voice import KeyPress
from call_handler.tools import PRESSED, tell_answer


class ToolDesk:
    """Carries out the model's tools and gives it their outputs, at once or when they are there."""

    def __init__(
        self, toolbox: Toolbox, floor: Floor, transcript: Transcript, conduct: Conduct
    ) -> None:
        self._toolbox = toolbox
        self._floor = floor
        self._transcript = transcript
        self._conduct = conduct
        self._questions: list[Question] = []

    def collect(self, item: Mapping[str, object]) -> None:
        """Take an item of the model if it is a complete and new use of a tool."""
        if self._toolbox.collect(item):
            self._floor.responses.sounded()

    def run(self, clock_ms: int) -> None:
        """Run what was collected; keys and questions have their outputs later."""
        for used in self._toolbox.run():
            if used.answer.keys:
                keys = KeyPress(used.function_call_id, used.answer.keys)
                self._floor.voice.press(keys, clock_ms)
            elif used.answer.question:
                self._questions.append(Question(used.function_call_id, used.answer.question))
            else:
                self._answer(used, clock_ms)
        self.take_pressed(clock_ms)
        self._end_if_asked(clock_ms)

    def take_pressed(self, clock_ms: int) -> None:
        """Tell the model which keys were pressed, when their tones were played."""
        pressed, self._floor.voice.pressed = self._floor.voice.pressed, []
        for keys in pressed:
            self._conduct.key_sent(clock_ms)
            self._answer(self._toolbox.settle(keys.function_call_id, PRESSED), clock_ms)

    @property
    def has_questions(self) -> bool:
        """Say whether a question is to be put to the person."""
        return bool(self._questions)

    def take_questions(self, clock_ms: int) -> list[Question]:
        """Give the questions that are to be put to the person, and forget them."""
        taken, self._questions = self._questions, []
        for _ in taken:
            self._conduct.person_asked(clock_ms)
        return taken

    def take_answer(self, question: Question, answer: str | None, clock_ms: int) -> None:
        """Hand the person's answer to the model; None when there was none in time."""
        self._conduct.person_answered(clock_ms)
        used = self._toolbox.settle(question.function_call_id, tell_answer(answer))
        self._answer(used, clock_ms)

    def finish(self, clock_ms: int) -> None:
        """Enter in the transcript what has no output when the call is over."""
        for used in self._toolbox.take_open():
            self._transcript.add_tool(used.use, clock_ms)

    def _answer(self, used: UsedTool | None, clock_ms: int) -> None:
        if used is not None:
            self._transcript.add_tool(used.use, clock_ms)
            self._floor.give_output(used.function_call_id, used.use.output)

    def _end_if_asked(self, clock_ms: int) -> None:
        """Begin the end of the call if the agent wants it and good manners allow it."""
        reason = self._toolbox.end_reason
        if reason is None or self._floor.farewell.kind is not None:
            return
        if self._conduct.allows_end(reason, clock_ms):
            self._floor.part(clock_ms)
        else:
            self._toolbox.end_reason = None
