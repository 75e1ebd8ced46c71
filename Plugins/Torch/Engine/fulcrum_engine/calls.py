"""What each call of the host does with the engine; the wire's documentation has the meanings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .channel import Calls, text_of
from .decoding import Decoder
from .engine import Engine
from .errors import EngineError
from .memory import Demand
from .rows import Completions, Prompt, Request
from .sampler import Distribution
from .sharing import generate, whole_weights
from .training import Columns, Weights
from .vllm_loading import load_with
from .vllm_sampler import VLLMSampler

Header = dict[str, Any]
Arrays = Mapping[str, np.ndarray]
Reply = tuple[Header, dict[str, Any]]
# What rank 0 does alone, once all ranks have done their part.
Rest = Callable[[], Reply]


class Handlers:
    """Runs calls, on every rank alike; what they give is rank 0's.

    Args:
        engine: the policy.
        calls: the connection on rank 0; None on other ranks.
    """

    def __init__(self, engine: Engine, calls: Calls | None) -> None:
        self._engine, self._calls = engine, calls
        # Made with the first samples, of weights that are loaded then.
        self._decoder: Decoder | None = None
        self._vllm = VLLMSampler(engine) if engine.settings.sampler == "vllm" else None

    def settle(self, name: str, header: Header) -> None:
        """Ends what still goes on and a call would change, at rank 0, before others hear of it.

        Raises:
            EngineError: plugin-fault, if vLLM is gone.
        """
        samples = name in ("generate", "generateBegin") and header.get("model") == 0
        if self._vllm is not None and samples:
            self._vllm.settle()

    def close(self) -> None:
        """Ends what the engine has started."""
        if self._vllm is not None:
            self._vllm.close()

    # Calls that rank 0 answers alone.

    def encode(self, header: Header, arrays: Arrays) -> Reply:
        tokens = self._engine.texts.encode(text_of(arrays))
        return {}, {"tokens": tokens.astype(np.int32)}

    def decode(self, header: Header, arrays: Arrays) -> Reply:
        tokens = need_array(arrays, "tokens").astype(np.int64)
        end = self._engine.token_rows.end
        if len(wrong := tokens[(tokens < 0) | (tokens >= end)]):
            raise EngineError("data", f"expected tokens from 0 to {end - 1}, got {wrong[0]}")
        text = self._engine.texts.decode(tokens, need(header, "keepSpecial", bool))
        return {}, {"text": _bytes(text)}

    def render(self, header: Header, arrays: Arrays) -> Reply:
        try:
            messages = json.loads(text_of(arrays))
        except ValueError as error:
            raise EngineError("usage", f"expected messages as JSON: {error}") from None
        if not isinstance(messages, list) or not all(_is_message(one) for one in messages):
            raise EngineError("usage", "expected a list of messages with role and content")
        text = self._engine.texts.render(messages)
        return {"has": text is not None}, {"text": _bytes(text or "")}

    # Calls that all ranks take part in.

    def load(self, header: Header, arrays: Arrays) -> Reply:
        if self._vllm is None:
            self._engine.load()
        else:
            load_with(self._engine, self._vllm)
        started = self._engine.started()
        return {"head": started.head, "summary": started.summary, "facts": started.facts}, {}

    def generate(self, header: Header, arrays: Arrays) -> Reply | Rest:
        request, prompts = _request(header), _prompts(arrays)
        observe = self._observe if need(header, "observe", bool) and self._calls else None
        model = need(header, "model", int)
        vllm = self._vllm
        if vllm is not None and model == 0:
            self._engine.policy  # noqa: B018 (raises where there are no weights)
            vllm.bring()
            return lambda: ({}, _completion_arrays(vllm.generate(prompts, request, observe)))
        with self._engine.using(model), whole_weights(self._engine.scorer):
            found = generate(self._need_decoder(), self._engine.ranks, prompts, request, observe)
        return {}, {} if found is None else _completion_arrays(found)

    def generate_begin(self, header: Header, arrays: Arrays) -> Reply | Rest:
        request, prompts = _request(header), _prompts(arrays)
        need_policy(header)
        vllm = self._need_vllm()
        self._engine.policy  # noqa: B018 (raises where there are no weights)
        vllm.bring()

        def begin() -> Reply:
            vllm.begin(prompts, request)
            return {}, {}

        return begin

    def score(self, header: Header, arrays: Arrays) -> Reply:
        columns = self._engine.score(
            need(header, "model", int),
            self._engine.batch(arrays),
            need(header, "temperature", float),
            need(header, "statistics", list),
        )
        return {}, {} if columns is None else _score_arrays(columns)

    def accumulate(self, header: Header, arrays: Arrays) -> Reply:
        need_policy(header)
        has_entropy = need(header, "entropy", bool)
        candidates = need(header, "candidates", int)

        def weigh(number: int, columns: Columns) -> Weights | None:
            return self._ask(number, columns, has_entropy, candidates)

        self._engine.accumulate(
            self._engine.batch(arrays),
            arrays.get("participants"),
            need(header, "temperature", float),
            need(header, "statistics", list),
            weigh if self._calls else None,
            candidates,
        )
        return {}, {}

    def apply(self, header: Header, arrays: Arrays) -> Reply:
        need_policy(header)
        report = self._engine.apply(need(header, "learningRate", float))
        return {"norm": report.norm, "clipped": report.clipped}, {}

    def discard(self, header: Header, arrays: Arrays) -> Reply:
        need_policy(header)
        self._engine.discard()
        return {}, {}

    def save(self, header: Header, arrays: Arrays) -> Reply:
        self._engine.save(need(header, "model", int), need(header, "directory", str))
        return {}, {}

    def save_optimizer(self, header: Header, arrays: Arrays) -> Reply:
        self._engine.save_optimizer(need(header, "model", int), need(header, "directory", str))
        return {}, {}

    def load_optimizer(self, header: Header, arrays: Arrays) -> Reply:
        self._engine.load_optimizer(need(header, "model", int), need(header, "directory", str))
        return {}, {}

    def save_gradient(self, header: Header, arrays: Arrays) -> Reply:
        need_policy(header)
        self._engine.save_gradient(need(header, "file", str))
        return {}, {}

    def freeze(self, header: Header, arrays: Arrays) -> Reply:
        return {"model": self._engine.freeze(need(header, "model", int))}, {}

    def open(self, header: Header, arrays: Arrays) -> Reply:
        return {"model": self._engine.open(need(header, "checkpoint", str))}, {}

    def memory(self, header: Header, arrays: Arrays) -> Reply:
        demand = Demand(
            need(header, "promptTokens", int),
            need(header, "completionTokens", int),
            need(header, "completions", int),
            need(header, "reference", bool),
        )
        return {"parts": self._engine.memory(demand)}, {}

    def release(self, header: Header, arrays: Arrays) -> Reply:
        self._engine.release(need(header, "model", int))
        return {}, {}

    def blend(self, header: Header, arrays: Arrays) -> Reply:
        self._engine.blend(
            need(header, "model", int), need(header, "with", int), need(header, "share", float)
        )
        return {}, {}

    def snapshot(self, header: Header, arrays: Arrays) -> Reply:
        need_policy(header)
        return {"snapshot": self._engine.snapshot()}, {}

    def restore(self, header: Header, arrays: Arrays) -> Reply:
        need_policy(header)
        self._engine.restore(need(header, "snapshot", int))
        return {}, {}

    def forget(self, header: Header, arrays: Arrays) -> Reply:
        self._engine.forget(need(header, "snapshot", int))
        return {}, {}

    def activation_gradients(self, header: Header, arrays: Arrays) -> Reply:
        found = self._engine.activation_gradients(
            self._engine.batch(arrays),
            need_array(arrays, "places").astype(np.int64),
            need(header, "temperature", float),
        )
        if found is None:
            return {}, {}
        return {"layers": found.layers}, {"norms": found.norms, "ownNorms": found.own_norms}

    def peak(self, header: Header, arrays: Arrays) -> Reply:
        return {"operations": self._engine.peak()}, {}

    def generate_end(self, header: Header, arrays: Arrays) -> Reply:
        return {}, _completion_arrays(self._need_vllm().end())

    def _need_vllm(self) -> VLLMSampler:
        if self._vllm is None:
            raise EngineError(
                "unsupported",
                "sampling while other work goes on needs a sampler of its own",
                "set the policy's parameter 'sampler' to vllm",
            )
        return self._vllm

    def _need_decoder(self) -> Decoder:
        if self._decoder is None:
            engine = self._engine
            self._decoder = Decoder(
                engine.scorer,
                engine.end_tokens,
                engine.context_length,
                engine.token_rows.end,
                engine.settings.decoding_rows,
                engine.settings.microbatch_tokens,
                engine.ranks.device,
                engine.heartbeat.beat,
                engine.texts.decode_all,
            )
        return self._decoder

    def _observe(self, prompts: np.ndarray, samples: np.ndarray, tokens: np.ndarray) -> None:
        assert self._calls is not None
        self._calls.event(
            {"tokens": len(tokens)}, {"prompt": prompts, "sample": samples, "token": tokens}
        )

    def _ask(
        self, number: int, columns: Columns, has_entropy: bool, candidates: int
    ) -> Weights | None:
        """Asks the host for a piece's weights."""
        assert self._calls is not None
        arrays = {"places": columns.places, **_score_arrays(columns)}
        answer = self._calls.ask({"piece": number}, arrays)
        if need(answer.header, "stop", bool):
            return None
        count = len(columns.places)

        def values(name: str, width: int = 1) -> np.ndarray:
            array = answer.arrays.get(name)
            if array is None or array.type != "f32" or array.shape != (count * width,):
                raise EngineError(
                    "usage",
                    f"expected the {count * width} values of f32 '{name}' in the answer, got none",
                )
            return np.frombuffer(array.data, np.float32)

        return Weights(
            values("weights"),
            values("entropyWeights") if has_entropy else None,
            values("candidateWeights", candidates).reshape(count, candidates)
            if candidates
            else None,
        )


ALONE: dict[str, Callable[[Handlers, Header, Arrays], Reply]] = {
    "encode": Handlers.encode,
    "decode": Handlers.decode,
    "render": Handlers.render,
    "memory": Handlers.memory,
    "generateEnd": Handlers.generate_end,
}
TOGETHER: dict[str, Callable[[Handlers, Header, Arrays], Reply | Rest]] = {
    "load": Handlers.load,
    "generate": Handlers.generate,
    "generateBegin": Handlers.generate_begin,
    "score": Handlers.score,
    "accumulate": Handlers.accumulate,
    "apply": Handlers.apply,
    "discard": Handlers.discard,
    "save": Handlers.save,
    "saveOptimizer": Handlers.save_optimizer,
    "loadOptimizer": Handlers.load_optimizer,
    "saveGradient": Handlers.save_gradient,
    "freeze": Handlers.freeze,
    "open": Handlers.open,
    "release": Handlers.release,
    "blend": Handlers.blend,
    "snapshot": Handlers.snapshot,
    "restore": Handlers.restore,
    "forget": Handlers.forget,
    "activationGradients": Handlers.activation_gradients,
    "peak": Handlers.peak,
}


def need(header: Mapping[str, Any], name: str, kind: type) -> Any:
    """A value of a call's header.

    Raises:
        EngineError: usage, if it is missing or of another type.
    """
    value = header.get(name)
    allowed = (int, float) if kind is float else (kind,)
    is_wrong_bool = isinstance(value, bool) and kind is not bool
    if not isinstance(value, allowed) or is_wrong_bool:
        raise EngineError("usage", f"expected '{name}' of type {kind.__name__}, got {value!r}")
    return float(value) if kind is float else value  # type: ignore[arg-type]


def need_seed(header: Mapping[str, Any]) -> int:
    """A call's seed: 64 bits, written as a text, for not every JSON reader keeps so large numbers.

    Raises:
        EngineError: usage, for anything else.
    """
    text = str(need(header, "seed", str))
    if not text.isascii() or not text.isdecimal() or int(text) >= 1 << 64:
        raise EngineError("usage", f"expected a seed from 0 to 2^64 - 1, got '{text[:64]}'")
    return int(text)


def need_texts(header: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts of a call's header.

    Raises:
        EngineError: usage, if it is missing or of another type.
    """
    values = need(header, name, list)
    if not all(isinstance(value, str) for value in values):
        raise EngineError("usage", f"expected '{name}' to be a list of texts, got {values!r:.80}")
    return list(values)


def need_policy(header: Mapping[str, Any]) -> None:
    """Refuses a call of the policy alone for a copy of it.

    Raises:
        EngineError: usage, if the call names another model than 0.
    """
    if header.get("model", 0) != 0:
        raise EngineError(
            "usage",
            f"the policy itself, model 0, is the one that this is for, not {header['model']}",
        )


def need_array(arrays: Arrays, name: str) -> np.ndarray:
    """An array of a call.

    Raises:
        EngineError: usage, if it is missing.
    """
    if name not in arrays:
        raise EngineError("usage", f"expected the array '{name}' in the call, got none")
    return arrays[name]


def _request(header: Header) -> Request:
    return Request(
        need(header, "samplesPerPrompt", int),
        need(header, "maximumTokens", int),
        Distribution(
            need(header, "temperature", float),
            need(header, "topK", int),
            need(header, "topP", float),
            need(header, "minP", float),
        ),
        need_seed(header),
        need(header, "step", int),
        need(header, "minimumTokens", int),
        need_texts(header, "stopStrings"),
    )


def _prompts(arrays: Arrays) -> list[Prompt]:
    tokens, offsets, ids = (
        # Copies: torch wants memory that may be written.
        need_array(arrays, name).astype(np.int64)
        for name in ("promptTokens", "promptOffsets", "ids")
    )
    is_whole = len(offsets) == len(ids) + 1 and offsets[0] == 0 and offsets[-1] == len(tokens)
    if not is_whole or np.any(np.diff(offsets) < 0):
        raise EngineError(
            "usage",
            f"expected 'promptOffsets' to ascend from 0 to {len(tokens)} for {len(ids)} prompts, "
            "got others",
        )
    return [
        Prompt(tokens[offsets[index] : offsets[index + 1]], int(number))
        for index, number in enumerate(ids)
    ]


def _completion_arrays(found: Completions) -> dict[str, np.ndarray]:
    return {
        "tokens": found.tokens,
        "offsets": found.offsets,
        "logProbabilities": found.log_probabilities,
        "finished": found.finished,
    }


def _score_arrays(columns: Columns) -> dict[str, np.ndarray]:
    arrays = {
        "logProbabilities": columns.log_probabilities,
        "entropies": columns.entropies,
        "levers": columns.levers,
    }
    arrays.update({f"further-{k}": values for k, values in enumerate(columns.further)})
    return {name: np.ascontiguousarray(values) for name, values in arrays.items()}


def _is_message(message: Any) -> bool:
    return isinstance(message, dict) and all(
        isinstance(message.get(key), str) for key in ("role", "content")
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
