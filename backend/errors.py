"""What can go wrong in an estimate, in the words the artist will read."""

from shared.messages import Code


class Refused(Exception):
    """The estimate cannot be done; the message says what happened and the advice what to do."""

    def __init__(self, code: Code, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice


class Stopped(Exception):
    """The estimate was cancelled."""
