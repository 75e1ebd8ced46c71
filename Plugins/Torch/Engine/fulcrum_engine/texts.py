"""Texts to tokens and back, and conversations to texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .batch import Integers
from .errors import EngineError


class Texts:
    """Wraps a checkpoint's tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    @property
    def has_template(self) -> bool:
        """Whether the checkpoint has a chat template."""
        return getattr(self._tokenizer, "chat_template", None) is not None

    def encode(self, text: str) -> Integers:
        """Returns a text's tokens: no special ones added, those written in it become themselves."""
        numbers = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return np.array(numbers, dtype=np.int64)

    def decode(self, tokens: Integers, keep_special: bool) -> str:
        """Returns tokens' text, special ones left out unless asked for."""
        text: str = self._tokenizer.decode(
            [int(token) for token in tokens],
            skip_special_tokens=not keep_special,
            clean_up_tokenization_spaces=False,
        )
        return text

    def decode_all(self, sequences: list[list[int]]) -> list[str]:
        """Returns each sequence's text without special ones: `decode` for many, in less time."""
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        if backend is None:
            return [self.decode(np.array(tokens, np.int64), False) for tokens in sequences]
        texts: list[str] = backend.decode_batch(sequences, skip_special_tokens=True)
        return texts

    def text_of(self, token: int) -> str:
        """Returns the text of one token, also of a special one."""
        return self.decode(np.array([token], dtype=np.int64), keep_special=True)

    def render(self, messages: list[dict[str, str]]) -> str | None:
        """Returns a conversation as the model's prompt; none without a template.

        Raises:
            EngineError: data, if the template refuses the messages.
        """
        if not self.has_template:
            return None
        from jinja2.exceptions import TemplateError

        try:
            text: str = self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
        except TemplateError as error:
            raise EngineError("data", f"the chat template refuses the messages: {error}") from error
        return text
