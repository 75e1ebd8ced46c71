"""vLLM as the engine calls it: a process of its own, or a server; how it is started and checked."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .collecting import Collector
from .errors import EngineError
from .layers import head_size
from .rows import Completions
from .vllm_client import VLLMClient
from .vllm_exchange import Exchange
from .vllm_options import read_options
from .vllm_process import VLLMProcess, environment_of
from .vllm_request import LOGPROBS_MODE, Asked, Served
from .vllm_server import VLLMServer
from .vllm_transfer import Workers

if TYPE_CHECKING:
    from .engine import Engine

Beat = Callable[[], None]
_DTYPES = {"f32": "float32", "bf16": "bfloat16"}
_LEAST_CACHE = 1 << 30
# vLLM has room for adapters of these ranks.
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


class Backend(Workers, Protocol):
    """vLLM's process, or a server."""

    def started(self, beat: Beat) -> Served:
        """Waits until it is there."""
        ...

    def begin(self, asked: Asked, collector: Collector) -> None:
        """Lets it sample, and gives back at once."""
        ...

    def finish(self, beat: Beat) -> tuple[Completions, int]:
        """Waits for what `begin` began; gives it with the weights' version."""
        ...

    def close(self) -> None:
        """Ends what the engine has started."""
        ...


def start(engine: Engine, exchange: Exchange, adapter_rank: int) -> Backend:
    """Starts vLLM, or names the server; `Backend.started` waits for either.

    Args:
        adapter_rank: of adapters that go over alone; 0: there are none.

    Raises:
        EngineError: parameter, if the interpreter can't be run.
    """
    settings = engine.settings
    if settings.vllm_server:
        return VLLMServer(settings.vllm_server, settings.time_limit, settings.decoding_rows)
    given = read_options(settings.vllm_options)
    environment = environment_of(
        os.environ, exchange, settings.vllm_devices, settings.threads, given
    )
    process = VLLMProcess(settings.vllm_python, environment, exchange)
    client = VLLMClient(process, settings.time_limit)
    client.start(_options(engine, given, adapter_rank), _cache_bytes(engine, given))
    return client


def connect(engine: Engine, backend: Backend) -> Served:
    """Waits until vLLM is there, checks that it serves the engine's model, and gives what it is.

    Raises:
        EngineError: not-found, unsupported; plugin-fault if it ended.
    """
    beat = engine.heartbeat.beat
    served = backend.started(beat)
    rows = engine.token_rows
    if served.logprobs_mode != LOGPROBS_MODE:
        raise EngineError(
            "unsupported",
            f"vLLM's log-probabilities are {served.logprobs_mode}, expected {LOGPROBS_MODE}",
            f"start the server with --logprobs-mode {LOGPROBS_MODE}",
        )
    if served.vocabulary < rows.end:
        raise EngineError(
            "unsupported",
            f"expected a model of at least {rows.end} tokens, vLLM serves one of"
            f" {served.vocabulary}",
            "the server has another model than the policy's 'checkpoint'",
        )
    if served.vocabulary > rows.end or len(rows.holes):
        hidden = {"end": rows.end, "holes": rows.holes.tolist()}
        backend.workers("fulcrum_hide_rows", hidden, beat)
    return served


def _options(engine: Engine, given: dict[str, Any], adapter_rank: int) -> dict[str, Any]:
    """What vLLM is started with; what the run gives is taken before what is usual."""
    settings = engine.settings
    usual = {
        "dtype": _DTYPES[settings.precision],
        "max_num_seqs": settings.decoding_rows,
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
    }
    own: dict[str, Any] = {
        "model": str(engine.source.folder.resolve()),
        "skip_tokenizer_init": True,
        "logprobs_mode": LOGPROBS_MODE,
        "seed": 0,
    }
    if adapter_rank:
        room = next((least for least in _RANKS if least >= adapter_rank), adapter_rank)
        own |= {"enable_lora": True, "max_lora_rank": room, "max_loras": 1}
    return {**usual, **given, **own}


def _cache_bytes(engine: Engine, given: dict[str, Any]) -> int:
    """Keys and values of vLLM on the processor: a gigabyte, or one longest sequence."""
    text = engine.source.config.get_text_config()
    heads = int(getattr(text, "num_key_value_heads", None) or text.num_attention_heads)
    length = given.get("max_model_len")
    if not isinstance(length, int):
        length = engine.context_length
    # Blocks more, for lengths are rounded up to blocks.
    one = 2 * 4 * heads * head_size(text) * text.num_hidden_layers * (length + 256)
    return max(_LEAST_CACHE, one)
