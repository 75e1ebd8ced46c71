"""The one exception that a call's error reply is made of."""

from __future__ import annotations


class EngineError(Exception):
    """Says what a call could not do.

    Attributes:
        code: one of Fulcrum's: usage, data, checkpoint, not-finite, parameter, input-output,
            not-found, unsupported, plugin-fault. After any but the last the engine is as it was.
        message: what, where, expected, got.
        hint: the remedy, if there is one to tell.
    """

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
