"""What vLLM is asked for, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import EngineError
from .philox import CounterRandom
from .rows import Prompt, Request

LOGPROBS_MODE = "processed_logprobs"
# vLLM changes lower ones to the least, and refuses higher ones.
_LEAST_TEMPERATURE, _MOST_TEMPERATURE = 0.01, 2.0


@dataclass(frozen=True)
class Served:
    """What vLLM serves.

    Attributes:
        release: vLLM's version.
        version: of the weights that it has.
        logprobs_mode: what its log-probabilities are of.
        maximum_length: of prompt and completion together.
        vocabulary: rows of the head.
        dtype: the precision of its weights, in PyTorch's word.
    """

    release: str
    version: int
    logprobs_mode: str
    maximum_length: int
    vocabulary: int
    dtype: str

    @staticmethod
    def read(header: Mapping[str, Any]) -> Served:
        """Returns what a worker's description says."""
        return Served(
            str(header["vllm"]),
            int(header["version"]),
            str(header["logprobsMode"]),
            int(header["maximumLength"]),
            int(header["vocabulary"]),
            str(header["dtype"]),
        )


@dataclass(frozen=True)
class Asked:
    """A call `generate` of vLLM's process; a completion is a row of the last three arrays."""

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def count(self) -> int:
        """The number of completions."""
        return len(self.arrays["seeds"])

    def prompt(self, completion: int) -> list[int]:
        """The tokens of a completion's prompt."""
        owner = int(self.arrays["owners"][completion])
        first, end = self.arrays["promptOffsets"][owner : owner + 2]
        tokens: list[int] = self.arrays["promptTokens"][first:end].tolist()
        return tokens


def ask(
    prompts: Sequence[Prompt],
    request: Request,
    end_tokens: Sequence[int],
    context_length: int,
    served: Served,
) -> Asked:
    """Returns what vLLM is asked for: each completion with a seed of its own.

    Stop strings are not among it: they are looked for here, by the model's own tokenizer.

    Raises:
        EngineError: unsupported, for a temperature or a length that vLLM has no place for.
    """
    drawn = request.distribution
    if drawn.temperature and not _LEAST_TEMPERATURE <= drawn.temperature <= _MOST_TEMPERATURE:
        raise EngineError(
            "unsupported",
            f"vLLM samples at temperatures from {_LEAST_TEMPERATURE:g} to {_MOST_TEMPERATURE:g},"
            f" and at 0, got {drawn.temperature:g}",
            "take such a one, or sample with 'sampler: torch'",
        )
    lengths = np.array([len(prompt.tokens) for prompt in prompts], np.int64)
    limits = np.minimum(request.maximum_tokens, context_length - lengths)
    if len(lengths) and (longest := int((lengths + limits).max())) > served.maximum_length:
        raise EngineError(
            "unsupported",
            f"prompt {int((lengths + limits).argmax())} and its completion may have {longest}"
            f" tokens, and vLLM takes {served.maximum_length}",
            "raise max_model_len in 'vllm-options', or lower the longest completion",
        )
    samples = request.samples_per_prompt
    ids = np.array([prompt.id for prompt in prompts], np.uint64)
    random = CounterRandom(request.seed, "vllm")
    header = {
        "temperature": drawn.temperature,
        "topK": drawn.top_k,
        "topP": drawn.top_p,
        "minP": drawn.min_p,
        "minimumTokens": request.minimum_tokens,
        "endTokens": [int(token) for token in end_tokens],
    }
    tokens = [np.asarray(prompt.tokens, np.int32) for prompt in prompts]
    arrays = {
        "promptTokens": np.concatenate([np.zeros(0, np.int32), *tokens]),
        "promptOffsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "owners": np.repeat(np.arange(len(prompts)), samples).astype(np.int64),
        "limits": np.repeat(limits, samples),
        "seeds": random.seeds(
            request.step, np.repeat(ids, samples), np.tile(np.arange(samples), len(prompts))
        ),
    }
    return Asked(header, arrays)
