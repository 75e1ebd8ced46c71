"""Gradients at activations against hooks of a float64 model, token by token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import engine_of, random_batch
from transformers import AutoModelForCausalLM

from fulcrum_engine.errors import EngineError


def oracle(model: Any, row: list[int], temperature: float) -> tuple[list[float], list[float]]:
    """Norms of the last token's gradient, all positions and the last, of inputs without it."""
    found: list[torch.Tensor] = []

    def keep(_: Any, __: Any, output: Any) -> None:
        value = output[0] if isinstance(output, tuple) else output
        value.retain_grad()
        found.append(value)

    modules = [model.model.embed_tokens, *model.model.layers, model.lm_head]
    hooks = [module.register_forward_hook(keep) for module in modules]
    logits = model(torch.tensor([row[:-1]]), use_cache=False).logits[0, -1]
    torch.log_softmax(logits / temperature, dim=0)[row[-1]].backward()
    for hook in hooks:
        hook.remove()
    grads = [value.grad[0] for value in found if value.grad is not None]
    assert len(grads) == len(modules)
    return [float(g.norm()) for g in grads], [float(g[-1].norm()) for g in grads]


@pytest.mark.parametrize("settings", [{}, {"lora_rank": 2}])
def test_norms_are_those_of_hooks(tiny: Path, settings: dict[str, object]) -> None:
    engine = engine_of(tiny, **settings)
    batch = engine.batch(random_batch(512, 4))
    places = np.array([0, 1, 3, batch.token_count - 1])
    result = engine.activation_gradients(batch, places, 0.8)
    assert result is not None
    assert result.layers == ["embedding", "layer 1", "layer 2", "logits"]
    model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float64)
    groups = batch.groups()
    for number, place in enumerate(places):
        sequence = int(np.searchsorted(batch.offsets, place, side="right")) - 1
        tokens = batch.tokens[batch.offsets[sequence] : place + 1]
        row = [*batch.prompt(int(groups[sequence])).tolist(), *tokens.tolist()]
        whole, own = oracle(model, row, 0.8)
        # Float32 passes against float64 ones.
        assert result.norms[number] == pytest.approx(whole, rel=2e-5)
        assert result.own_norms[number] == pytest.approx(own, rel=2e-5)
    assert all(item.gradient is None for item in engine.masters)


def test_the_logits_norm_is_the_lever_over_the_temperature(llama: Path) -> None:
    engine = engine_of(llama)
    batch = engine.batch(random_batch(512, 4))
    columns = engine.score(0, batch, 0.5, [])
    result = engine.activation_gradients(batch, np.arange(batch.token_count), 0.5)
    assert columns is not None and result is not None
    assert result.norms[:, -1] * 0.5 == pytest.approx(columns.levers, rel=1e-5)


@pytest.mark.parametrize("places", [[3, 2], [-1, 2], [0, 100000]])
def test_wrong_places_are_refused(llama: Path, places: list[int]) -> None:
    engine = engine_of(llama)
    batch = engine.batch(random_batch(512, 4))
    with pytest.raises(EngineError) as error:
        engine.activation_gradients(batch, np.array(places), 1.0)
    assert error.value.code == "usage"
