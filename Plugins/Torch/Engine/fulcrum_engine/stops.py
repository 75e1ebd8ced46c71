"""Finds stop strings in completions as they grow, with the meaning of the kernel's StopMatcher.

A text is known by decoding its last tokens again: that is right for every tokenizer, also where a
character lies in several tokens or a token's text depends on the one before it. How many tokens are
needed depends on the texts; a window of a completion's last tokens is kept so long that its text is
longer than every stop string.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from .errors import EngineError

# As the kernel's.
MOST_STOPS = 32
MOST_BYTES = 256

# Gives the texts of sequences of tokens, without special tokens; bytes that are no whole character
# are U+FFFD.
Decode = Callable[[list[list[int]]], list[str]]
_PART = "\ufffd"


def check_stops(stops: Sequence[str]) -> None:
    """Refuses what can't be looked for.

    Raises:
        EngineError: usage.
    """
    if len(stops) > MOST_STOPS:
        raise EngineError("usage", f"expected at most {MOST_STOPS} stop strings, got {len(stops)}")
    for text in stops:
        if not text:
            raise EngineError(
                "usage",
                "expected a stop string with a character, got an empty one",
                "every text has the empty one: leave it out",
            )
        if (size := len(text.encode("utf-8", "surrogatepass"))) > MOST_BYTES:
            raise EngineError(
                "usage",
                f"expected a stop string of at most {MOST_BYTES} bytes, got {size}: '{text[:40]}…'",
            )
        if _PART in text:
            raise EngineError(
                "usage",
                f"expected a stop string of readable characters, got '{text}' with U+FFFD",
            )


def finder_of(
    stops: Sequence[str],
    minimum: int,
    end_tokens: Sequence[int],
    vocabulary: int,
    decode: Decode | None,
) -> StopFinder | None:
    """Returns what looks for a request's stop strings; None without any.

    Raises:
        EngineError: usage, for what can't be looked for, and for a minimum length of a model that
            has no tokens but those that end a completion.
    """
    if minimum > 0 and len(set(end_tokens)) >= vocabulary:
        raise EngineError(
            "usage",
            "expected a token that isn't an end token for a minimum length, got a model without",
        )
    if not stops:
        return None
    if decode is None:
        raise EngineError("usage", "stop strings need the tokenizer's decoding, there is none")
    return StopFinder(stops, decode, minimum)


class _Window:
    """A completion's last tokens, and how long the part of their text is that won't change."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.settled = 0


class StopFinder:
    """Looks for stop strings in many completions.

    Args:
        stops: the texts.
        decode: the tokenizer's.
        minimum: a stop string that is complete within so many first tokens doesn't count.
    """

    def __init__(self, stops: Sequence[str], decode: Decode, minimum: int = 0) -> None:
        check_stops(stops)
        self._stops, self._decode, self._minimum = list(stops), decode, minimum
        self._longest = max(map(len, stops), default=0)
        self._windows: dict[int, _Window] = {}

    def read(
        self,
        sequences: npt.NDArray[np.int64],
        tokens: npt.NDArray[np.int64],
        counts: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.bool_]:
        """Reads the next token of each of some completions.

        Args:
            sequences: [n], the completions' numbers, each once.
            tokens: [n], of each the next.
            counts: [n], the completion's tokens with this one.

        Returns:
            [n], whether a stop string ended in the token, and may end the completion.
        """
        is_stopped = np.zeros(len(tokens), bool)
        if not self._stops:
            return is_stopped
        windows = [self._windows.setdefault(int(number), _Window()) for number in sequences]
        for window, token in zip(windows, tokens, strict=True):
            window.tokens.append(int(token))
        texts = self._decode([window.tokens for window in windows])
        for row, (window, text) in enumerate(zip(windows, texts, strict=True)):
            is_stopped[row] = self._ends_behind(window.settled, text)
            # Behind it are bytes of a character that may become whole.
            window.settled = len(text.rstrip(_PART))
        self._shorten([w for w, text in zip(windows, texts, strict=True) if self._is_long(w, text)])
        # Read in the first tokens too: a stop string may begin in them and end behind them.
        return is_stopped & (counts > self._minimum)

    def _ends_behind(self, settled: int, text: str) -> bool:
        return any(text.find(stop, max(0, settled + 1 - len(stop))) >= 0 for stop in self._stops)

    def _is_long(self, window: _Window, text: str) -> bool:
        return len(window.tokens) > 8 and len(text) > 4 * self._longest + 16

    def _shorten(self, windows: list[_Window]) -> None:
        """Drops the first half of windows, where the other half's text is long enough by itself."""
        if not windows:
            return
        halves = [window.tokens[len(window.tokens) // 2 :] for window in windows]
        for window, half, text in zip(windows, halves, self._decode(halves), strict=True):
            # More than a stop string, for its first characters may be parts of one, and some
            # tokenizers leave out the first token's space.
            if len(settled := text.rstrip(_PART)) > self._longest + 4:
                window.tokens, window.settled = half, len(settled)
