"""Norms of single tokens' gradients at the layers' activations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from .batch import Batch, Integers
from .errors import EngineError
from .layers import decoder_layers
from .scorer import Scorer
from .token_scores import token_scores


@dataclass(frozen=True)
class ActivationGradients:
    """‖∂ log π / ∂ a‖₂ of tokens, for the activations a of layers.

    Attributes:
        layers: `embedding`, `layer 1` … `layer L`, `logits` (before the temperature).
        norms: over all positions of the sequence, f32 [n, layers].
        own_norms: of the position that predicts the token alone, f32 [n, layers].
    """

    layers: list[str]
    norms: npt.NDArray[np.float32]
    own_norms: npt.NDArray[np.float32]


def activation_gradients(
    scorer: Scorer, batch: Batch, places: Integers, temperature: float, device: torch.device
) -> ActivationGradients:
    """Returns the norms for tokens, by their places in the batch, each by a backward pass.

    Sequence by sequence; a position behind the token's own has no gradient, so a sequence's
    tokens share its forward pass. Parameters and their gradient stay as they are.

    Raises:
        EngineError: usage, for places that are not in the batch or don't ascend.
    """
    if len(places) and (places[0] < 0 or places[-1] >= batch.token_count):
        raise EngineError(
            "usage",
            f"expected places among the {batch.token_count} completion tokens, got"
            f" {places[0]} to {places[-1]}",
        )
    if np.any(np.diff(places) <= 0):
        raise EngineError("usage", "expected places in ascending order, got others")
    layers = decoder_layers(scorer.model)
    names = ["embedding", *(f"layer {n + 1}" for n in range(len(layers))), "logits"]
    norms = np.zeros((len(places), len(names)), dtype=np.float32)
    own_norms = np.zeros_like(norms)
    sequences = np.searchsorted(batch.offsets, places, side="right") - 1
    groups = batch.groups()
    for sequence in np.unique(sequences):
        chosen = np.flatnonzero(sequences == sequence)
        first = int(batch.offsets[sequence])
        prompt = batch.prompt(int(groups[sequence]))
        steps = places[chosen] - first
        used = batch.tokens[first : first + int(steps[-1])]
        tokens = torch.from_numpy(np.concatenate([prompt, used])).unsqueeze(0).to(device)
        rows = torch.from_numpy(len(prompt) + steps - 1).to(device)
        targets = torch.from_numpy(batch.tokens[places[chosen]]).to(device)
        own = _Sequence(scorer, layers, tokens, rows, targets, temperature)
        for number, place in enumerate(chosen):
            norms[place], own_norms[place] = own.norms(number)
    return ActivationGradients(names, norms, own_norms)


class _Sequence:
    """The graph of one sequence's scores."""

    def __init__(
        self,
        scorer: Scorer,
        layers: list[nn.Module],
        tokens: torch.Tensor,
        rows: torch.Tensor,
        targets: torch.Tensor,
        temperature: float,
    ) -> None:
        self._rows = rows
        with torch.enable_grad(), _noted(layers) as activations:
            states = scorer._outputs(tokens).flatten(0, 1)
            self._logits = scorer.logits(states.index_select(0, rows))
            kept = scorer.token_rows.cut(self._logits)
            self._scores = token_scores(kept, targets, temperature)[0]
        self._activations = activations

    def norms(self, number: int) -> tuple[list[float], list[float]]:
        """Returns one token's norms over all positions, and at its own, layer by layer."""
        inputs = [*self._activations, self._logits]
        gradients = torch.autograd.grad(self._scores[number], inputs, retain_graph=True)
        whole = [float(torch.linalg.vector_norm(g, dtype=torch.float64)) for g in gradients]
        row = int(self._rows[number])
        parts = [gradient[0, row] for gradient in gradients[:-1]]
        own = [float(torch.linalg.vector_norm(part, dtype=torch.float64)) for part in parts]
        return whole, [*own, whole[-1]]


@contextmanager
def _noted(layers: list[nn.Module]) -> Iterator[list[torch.Tensor]]:
    """Collects what enters the first layer and what leaves each, [1, L, width], within."""
    noted: list[torch.Tensor] = []

    def enters(_: nn.Module, arguments: tuple, named: dict) -> tuple[tuple, dict]:
        states = arguments[0] if arguments else named["hidden_states"]
        if not states.requires_grad:
            # With adapters the embedding is frozen.
            states = states.detach().requires_grad_()
        noted.append(states)
        if arguments:
            return (states, *arguments[1:]), named
        return arguments, {**named, "hidden_states": states}

    def leaves(_: nn.Module, arguments: tuple, output: object) -> None:
        noted.append(output[0] if isinstance(output, tuple) else output)  # type: ignore[arg-type]

    handles = [layers[0].register_forward_pre_hook(enters, with_kwargs=True)]
    handles += [layer.register_forward_hook(leaves) for layer in layers]
    try:
        yield noted
    finally:
        for handle in handles:
            handle.remove()
