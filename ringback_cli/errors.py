"""The errors that the command shows to a person, each with its exit code.

CommandFailed (1)     the thing failed
  WrongUse (2)        bad flags or settings; says what to type
"""


class CommandFailed(Exception):
    """Stops the command with a message for a person; exit code 1."""

    exit_code = 1


class WrongUse(CommandFailed):
    """Stops the command because of how it was called; exit code 2."""

    exit_code = 2
