"""One call as the rules of conduct see it: what happens goes in, wishes come out."""

from call_handler.bridge.conduct import Conduct, ConductRules
from call_handler.bridge.disclosure import Duty
from call_handler.bridge.wishes import End, Wish

DUTY = Duty("Ada Lovelace")
DISCLOSED = "Hello, I am an AI assistant calling on behalf of Ada Lovelace."
GREETING = "You have reached Luigi's Pizza. Please leave a message after the tone."
MESSAGE = "This is a message for Luigi."
_WORDS_MS = 300  # between the end of a sound and its words


class Call:
    """A call whose clock goes on by what is done in it."""

    def __init__(self, rules: ConductRules | None = None) -> None:
        self.conduct = Conduct(rules or ConductRules(DUTY))
        self.clock_ms = 0
        self.wishes: list[Wish] = []

    def wait(self, ms: int) -> list[Wish]:
        """Let time pass, frame by frame, and give what was wished meanwhile."""
        before, end_ms = len(self.wishes), self.clock_ms + ms
        while self.clock_ms < end_ms:
            self.clock_ms += 20
            if self.clock_ms >= self.conduct.due_ms:
                self.wishes += self.conduct.tick(self.clock_ms)
        return self.wishes[before:]

    def callee(self, text: str, ms: int = 1_000) -> list[Wish]:
        """Let the callee's side say something; no text for a sound without words."""
        before = len(self.wishes)
        self.conduct.callee_sounded(self.clock_ms)
        self.wait(ms)
        self.conduct.callee_hushed(self.clock_ms)
        self.wait(_WORDS_MS)
        self.conduct.callee_said(text, self.clock_ms)
        self.wishes += self.conduct.wishes()
        return self.wishes[before:]

    def agent(self, text: str, *, is_whole: bool = True) -> list[Wish]:
        """Let the agent say something."""
        before = len(self.wishes)
        self.wait(60 * len(text))
        self.conduct.agent_said(text, is_whole, self.clock_ms)
        self.wishes += self.conduct.wishes()
        return self.wishes[before:]

    def carrier(self, word: str) -> None:
        """Let the carrier tell who answered."""
        self.conduct.answered_by(word, self.clock_ms)

    @property
    def end(self) -> End | None:
        """Give the end that is wanted; None while there is none."""
        return next((wish for wish in self.wishes if isinstance(wish, End)), None)
