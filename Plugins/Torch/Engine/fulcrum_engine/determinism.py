"""Asks for kernels that give the same bits each time."""

from __future__ import annotations

import os

import torch


def prefer_determinism() -> None:
    """Chooses deterministic kernels where there are some; PyTorch warns where there are none.

    Call it before the first product on CUDA, which reads the variable.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Filling memory that is written anyway costs time, and changes no result.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
