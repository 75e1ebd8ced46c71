"""Packed weights, beside the products they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import FIXTURES
from torch import nn

import fulcrum_engine.packed as packing
from fulcrum_engine.packed import can_pack, packed

# Elsewhere the library changes nothing, and has nothing to test.
needs_packing = pytest.mark.skipif(
    not can_pack(torch.zeros(256, 256)), reason="this PyTorch packs no weights"
)


class Two(nn.Module):
    """A layer with a bias, and one without."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.first = nn.Linear(192, 256, dtype=dtype)
        self.second = nn.Linear(256, 200, bias=False, dtype=dtype)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.second(torch.relu(self.first(states)))
        return result


@needs_packing
# Sums of 256 terms in f32; and what bf16 rounds twice, with digits of 1/256.
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 0.02)], ids=["f32", "bf16"]
)
@pytest.mark.parametrize("shape", [(5, 192), (3, 7, 192), (1, 1, 192)])
def test_products_are_those_in_float64(
    dtype: torch.dtype, tolerance: float, shape: tuple[int, ...]
) -> None:
    model = Two(dtype)
    states = torch.randn(shape, dtype=dtype)
    expected = Two(torch.float64)
    expected.load_state_dict({name: value.double() for name, value in model.state_dict().items()})
    want = expected(states.double())
    with torch.no_grad(), packed(model, 4, 100):
        assert "forward" in vars(model.first) and "forward" in vars(model.second)
        found = model(states)
    assert found.dtype == dtype and found.shape == want.shape
    assert (found.double() - want).abs().max() <= tolerance * want.abs().max()


@needs_packing
def test_layers_are_as_before_afterwards_also_if_something_fails() -> None:
    model = Two(torch.float32)
    with pytest.raises(KeyError), packed(model, 4, 100):
        raise KeyError
    assert "forward" not in vars(model.first)
    states = torch.randn(2, 192)
    model.second.weight.data.zero_()
    assert not model(states).any()  # No copy of the weights is read.


@needs_packing
def test_changed_layers_and_short_runs_are_left_alone() -> None:
    model = Two(torch.float32)
    with packed(model, 4, 2):
        assert "forward" not in vars(model.first)
    own = model.first.forward
    model.first.forward = own  # type: ignore[method-assign]
    with packed(model, 4, 100):
        assert model.first.forward is own
        assert "forward" in vars(model.second)
    assert model.first.forward is own


@needs_packing
def test_completions_are_drawn_by_packed_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draws of a tiny model, whose weights are small, with all of them packed and with none."""
    from test_decoding import decoder, some_prompts, tiny_model

    from fulcrum_engine.rows import Request
    from fulcrum_engine.sampler import Distribution

    model: Any = tiny_model("tiny-llama")
    assert (FIXTURES / "tiny-llama").is_dir()
    calls: list[int] = []
    multiply = packing._multiply

    def counted(*arguments: Any) -> torch.Tensor:
        calls.append(1)
        return multiply(*arguments)

    monkeypatch.setattr(packing, "_multiply", counted)
    found = []
    for least in (1, 1 << 40):
        monkeypatch.setattr(packing, "_LEAST_ELEMENTS", least)
        calls.clear()
        found.append(
            decoder(model).generate(
                some_prompts(3, 300), Request(2, 20, Distribution(1.0), seed=5, step=1)
            )
        )
        assert bool(calls) == (least == 1)
    assert np.array_equal(found[0].tokens, found[1].tokens)
    # f32 products in another order.
    assert np.abs(found[0].log_probabilities - found[1].log_probabilities).max() < 1e-5
