"""A pass as tensors: what the scorer reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from .batch import Batch
from .packing import Pass


@dataclass(frozen=True)
class SharedPrompts:
    """Prompts that several sequences of a pass have in common.

    Attributes:
        tokens: i64 [B, P], padded at the right.
        lengths: i64 [B].
        owners: the prompt of each sequence, i64 [R].
    """

    tokens: torch.Tensor
    lengths: torch.Tensor
    owners: torch.Tensor


@dataclass(frozen=True)
class Work:
    """Inputs of a pass, and the rows that it is asked for.

    Attributes:
        tokens: i64 [R, L], padded at the right; without the prompts if `shared` has them.
        lengths: i64 [R], of the rows of `tokens`.
        rows: of hidden states, i64 [n]: in the prompts' B · P rows, then the sequences' R · L.
        targets: the tokens that those rows predict, i64 [n].
    """

    tokens: torch.Tensor
    lengths: torch.Tensor
    rows: torch.Tensor
    targets: torch.Tensor
    shared: SharedPrompts | None = None


def make_work(batch: Batch, one: Pass, device: torch.device) -> Work:
    """Returns the tensors of a pass, on the device; rows are in the order of `one.places`."""
    inputs: list[np.ndarray] = []
    prompts: dict[int, int] = {}
    if one.shares_prompts:
        for member in one.members:
            prompts.setdefault(member.group, len(prompts))
    for member in one.members:
        first = int(batch.offsets[member.sequence])
        used = batch.tokens[first : first + member.used]
        inputs.append(
            used if one.shares_prompts else np.concatenate([batch.prompt(member.group), used])
        )
    tokens, lengths = _padded(inputs)
    prompt_tokens, prompt_lengths = _padded([batch.prompt(group) for group in prompts])
    before = prompt_tokens.size
    rows: list[np.ndarray] = []
    for row, member in enumerate(one.members):
        # The row before a token predicts it.
        steps = member.places - int(batch.offsets[member.sequence]) - 1
        if one.shares_prompts:
            prompt = prompts[member.group]
            last = prompt * prompt_tokens.shape[1] + member.prompt - 1
            own = before + row * tokens.shape[1] + steps
            rows.append(np.where(steps < 0, last, own))
        else:
            rows.append(row * tokens.shape[1] + member.prompt + steps)

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(device)

    shared = None
    if one.shares_prompts:
        owners = np.array([prompts[member.group] for member in one.members], dtype=np.int64)
        shared = SharedPrompts(tensor(prompt_tokens), tensor(prompt_lengths), tensor(owners))
    return Work(
        tensor(tokens),
        tensor(lengths),
        tensor(np.concatenate(rows)),
        tensor(batch.tokens[one.places]),
        shared,
    )


def empty_work(device: torch.device) -> Work:
    """Returns a pass of one token, for a rank that has none while others have."""
    zero = torch.zeros(1, dtype=torch.int64, device=device)
    return Work(zero.unsqueeze(0), zero + 1, zero, zero)


def _padded(rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Returns rows padded with token 0 at the right, i64 [R, L], and their lengths, i64 [R]."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.zeros((len(rows), int(lengths.max(initial=0))), dtype=np.int64)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return padded, lengths
