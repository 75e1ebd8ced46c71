"""Samples completions of one call, step by step, and tells of each token at once."""

from __future__ import annotations

import select
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from fulcrum.wire import Channel, Op, WireFault


class Serves:
    """The connection within one call."""

    def __init__(self, channel: Channel, sequence: int) -> None:
        self._channel, self._sequence = channel, sequence

    def tell(self, sequences: list[int], tokens: list[int], values: list[float]) -> None:
        """Tells of new tokens, of each its completion and its log-probability."""
        arrays = {
            "sequences": np.array(sequences, np.int64),
            "tokens": np.array(tokens, np.int64),
            "logProbabilities": np.array(values, np.float32),
        }
        try:
            self._channel.send(Op.EVENT, self._sequence, {}, arrays)
        except OSError as error:
            raise WireFault(f"the engine is gone: {error}") from error

    def ended(self) -> list[int]:
        """The completions that the engine has ended since it was asked last."""
        numbers: list[int] = []
        while select.select([self._channel.socket], [], [], 0)[0]:
            frame = self._channel.receive()
            if frame is None:
                raise WireFault("the engine closed the connection")
            if frame.op != Op.ANSWER:
                raise WireFault(f"expected what has ended, got {frame.op.name.lower()}")
            if frame.sequence == self._sequence:
                numbers += frame.arrays["sequences"].numpy().tolist()
        return numbers


class Sampling:
    """One call `generate`.

    Args:
        engine: vLLM's `LLMEngine`.
        header: temperature, topK, topP, minP, minimumTokens, endTokens.
        arrays: promptTokens, promptOffsets; of each completion owners (its prompt), limits, seeds.
        adapter: vLLM's request of an adapter; None: the model itself samples.

    Raises:
        ValueError: if vLLM refuses a request; none is left then.
    """

    def __init__(
        self,
        engine: Any,
        header: Mapping[str, Any],
        arrays: Mapping[str, Any],
        serves: Serves,
        adapter: Any = None,
    ) -> None:
        self._engine, self._serves = engine, serves
        self._names: list[str] = []
        # Why each completion ended, in vLLM's words; empty while it goes on.
        self.ends: dict[str, str] = {}
        offsets = arrays["promptOffsets"]
        prompts = [arrays["promptTokens"][first:end].tolist() for first, end in pairwise(offsets)]
        columns = (arrays["owners"].tolist(), arrays["limits"].tolist(), arrays["seeds"].tolist())
        try:
            for number, (owner, limit, seed) in enumerate(zip(*columns, strict=True)):
                prompt = {"prompt_token_ids": prompts[owner]}
                given = _parameters(header, limit, seed)
                name = engine.add_request(str(number), prompt, given, lora_request=adapter)
                self._names.append(name)
        except Exception:
            engine.abort_request(self._names, internal=True)
            raise

    def run(self) -> None:
        """Steps until all have ended."""
        while self._engine.has_unfinished_requests():
            self._tell(self._engine.step())
            if numbers := self._serves.ended():
                self._engine.abort_request(
                    [self._names[number] for number in numbers], internal=True
                )

    def _tell(self, outputs: list[Any]) -> None:
        sequences: list[int] = []
        tokens: list[int] = []
        values: list[float] = []
        for output in outputs:
            number, one = int(output.request_id), output.outputs[0]
            found = list(one.token_ids)
            sequences += [number] * len(found)
            tokens += found
            if found:
                # Flat, one of each place: the drawn token's.
                values += [one.logprobs.logprobs[first] for first in one.logprobs.start_indices]
            if one.finish_reason not in (None, "stop", "length"):
                self.ends[str(number)] = str(one.finish_reason)
        self._serves.tell(sequences, tokens, values)


def probe(engine: Any) -> None:
    """Draws a token: some models load, and can't be computed.

    Raises:
        Exception: of vLLM's.
    """
    header = {"temperature": 1.0, "topK": 0, "topP": 1.0, "minP": 0.0}
    given = _parameters({**header, "minimumTokens": 0, "endTokens": []}, 1, 0)
    engine.add_request("probe", {"prompt_token_ids": [0]}, given)
    while engine.has_unfinished_requests():
        engine.step()


def _parameters(header: Mapping[str, Any], limit: int, seed: int) -> Any:
    """vLLM's parameters of a completion. It cuts by min-p before it cuts by top-k and top-p."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        temperature=header["temperature"],
        top_k=header["topK"],
        top_p=header["topP"],
        min_p=header["minP"],
        seed=seed,
        max_tokens=limit,
        min_tokens=min(header["minimumTokens"], limit),
        stop_token_ids=list(header["endTokens"]),
        # The tokens that end a completion are those that the engine names.
        ignore_eos=True,
        logprobs=0,
        flat_logprobs=True,
        detokenize=False,
        output_kind=RequestOutputKind.DELTA,
    )
