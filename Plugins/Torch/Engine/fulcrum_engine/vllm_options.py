"""Options for vLLM that a run gives as texts `name=value`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from .errors import EngineError

# The engine's own affair; why, for whoever asks for another value.
_TAKEN = {
    "model": "the policy's 'checkpoint' names the model",
    "tokenizer": "the engine has the tokenizer: token numbers alone go to vLLM",
    "skip_tokenizer_init": "the engine has the tokenizer: token numbers alone go to vLLM",
    "seed": "every completion has a seed of its own, from the run's",
    "logprobs_mode": "log-probabilities are those that tokens are drawn with",
    "max_logprobs": "the drawn token's log-probability alone is asked for",
    "worker_extension_cls": "the engine's own extension takes the weights",
    "trust_remote_code": "remote code of a model is never run",
    "generation_config": "what a completion is drawn from is the run's to say",
    "load_format": "vLLM reads the same files as the engine",
    "enable_lora": "the policy's 'vllm-lora' says how adapters go over",
}
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
# A word without quotes is a text, unless JSON reads it as something else.
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]*\Z")


def read_options(texts: Sequence[str]) -> dict[str, Any]:
    """Returns the options by name; values are JSON's, or a word.

    Raises:
        EngineError: parameter, for one that can't be read, comes twice or is the engine's own.
    """
    options: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not _NAME.match(name):
            raise _refused(f"expected NAME=VALUE, as max_model_len=4096, got '{text}'")
        if name in _TAKEN:
            raise _refused(f"'{name}' can't be set: {_TAKEN[name]}")
        if name in options:
            raise _refused(f"'{name}' comes twice")
        options[name] = _value(name, value)
    return options


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        if _WORD.match(text):
            return text
        raise _refused(f"expected JSON or a word as the value of '{name}', got '{text}'") from None


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _refused(message: str) -> EngineError:
    return EngineError("parameter", f"parameter 'vllm-options': {message}")
