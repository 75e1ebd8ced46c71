"""Reads the weights while vLLM reads them, too."""

from __future__ import annotations

from .engine import Engine
from .errors import EngineError
from .vllm_sampler import VLLMSampler


def load_with(engine: Engine, sampler: VLLMSampler) -> None:
    """Loads engine and sampler; all ranks call alike. After an error neither is loaded.

    Raises:
        EngineError: usage if the weights are there already; what either raises.
    """
    if engine.is_loaded:
        raise EngineError("usage", "the weights are loaded already")
    try:
        _agreed(engine, sampler.start)
        engine.load()
        _agreed(engine, sampler.ready)
    except EngineError:
        sampler.close()
        engine.unload()
        raise
    engine.sampler = sampler.fact


def _agreed(engine: Engine, work: object) -> None:
    """Does what may fail at one rank alone."""
    assert callable(work)
    error: EngineError | None = None
    try:
        work()
    except EngineError as raised:
        error = raised
    engine.ranks.agree(error)
