"""Ascends along the accumulated gradient: AdamW, or plainly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.optim.adamw import adamw

from .errors import EngineError
from .masters import Masters
from .settings import Settings

# What `torch.nn.utils.clip_grad_norm_` adds to the norm.
_NORM_FLOOR = 1e-6


@dataclass(frozen=True)
class GradientReport:
    """What a step did.

    Attributes:
        norm: the gradient's L2 norm before clipping, summed in f64.
        clipped: whether it was over the limit.
    """

    norm: float
    clipped: bool


@dataclass
class OptimizerState:
    """What a step needs of the steps before it.

    Attributes:
        steps: the number of steps taken.
        moments: for each master, its moments' parts of this rank; empty lists with sgd.
    """

    steps: int
    moments: list[list[torch.Tensor]]

    def copy(self) -> OptimizerState:
        """Returns the state in memory of its own."""
        return OptimizerState(
            self.steps, [[moment.clone() for moment in own] for own in self.moments]
        )


class Optimizer:
    """Moves masters along their gradients, with decoupled weight decay.

    adamw: θ ← θ (1 − η λ) − η m̂ / (√v̂ + ε) of the clipped gradient's negative, by
    `torch.optim.AdamW`. sgd: θ ← (1 − η λ) θ + η · clipped gradient.

    Attributes:
        moment_names: PyTorch's names of the moments.
    """

    def __init__(self, masters: Masters, settings: Settings) -> None:
        self._masters = masters
        self._settings = settings
        self.name = settings.optimizer
        self.moment_names = ("exp_avg", "exp_avg_sq") if settings.optimizer == "adamw" else ()
        self._state: OptimizerState | None = None

    @property
    def state(self) -> OptimizerState:
        """The state; zeros before the first step."""
        if self._state is None:
            self._state = OptimizerState(
                0, [[torch.zeros_like(m.values) for _ in self.moment_names] for m in self._masters]
            )
        return self._state

    @state.setter
    def state(self, state: OptimizerState | None) -> None:
        self._state = state

    @property
    def has_stepped(self) -> bool:
        return self._state is not None and self._state.steps > 0

    @torch.no_grad()
    def step(
        self, learning_rate: float, total: Callable[[torch.Tensor], torch.Tensor]
    ) -> GradientReport:
        """Takes one step along the masters' gradients, which are summed over ranks already.

        Args:
            total: sums an f64 number over the ranks that hold different parts.

        Raises:
            EngineError: not-finite if the gradient is; nothing has changed then.
        """
        norm = float(total(self._square()).sqrt())
        if not norm < float("inf"):
            raise EngineError(
                "not-finite",
                f"expected a finite gradient, got one of norm {norm}",
                "lower the learning rate, or look for a weight that is not finite",
            )
        limit = self._settings.max_gradient_norm
        clipped = 0 < limit < norm
        if clipped:
            for master in self._masters:
                if master.gradient is not None:
                    master.gradient.mul_(limit / (norm + _NORM_FLOOR))
        self.state.steps += 1
        for decays in (True, False):
            self._move(decays, learning_rate)
        for master in self._masters:
            master.refresh()
        return GradientReport(norm, clipped)

    def _square(self) -> torch.Tensor:
        """Returns the sum of this rank's squares, f64."""
        first = next(iter(self._masters)).values
        square = torch.zeros((), dtype=torch.float64, device=first.device)
        for master in self._masters:
            if master.gradient is not None:
                square += torch.linalg.vector_norm(master.gradient, dtype=torch.float64).square()
        return square

    def _move(self, decays: bool, learning_rate: float) -> None:
        """Moves the masters that decay, or those that don't."""
        settings = self._settings
        chosen = [
            (master, moments)
            for master, moments in zip(self._masters, self.state.moments, strict=True)
            if (master.group not in settings.weight_decay_exclude) == decays
        ]
        decay = settings.weight_decay if decays else 0.0
        if settings.optimizer == "sgd":
            for master, _ in chosen:
                master.values.mul_(1 - learning_rate * decay)
                if master.gradient is not None:
                    master.values.add_(master.gradient, alpha=learning_rate)
            return
        gradients = [
            torch.zeros_like(m.values) if m.gradient is None else m.gradient for m, _ in chosen
        ]
        # PyTorch counts a step up before it uses it.
        steps = [torch.tensor(float(self.state.steps - 1)) for _ in chosen]
        adamw(
            [master.values for master, _ in chosen],
            gradients,
            [moments[0] for _, moments in chosen],
            [moments[1] for _, moments in chosen],
            [],
            steps,
            amsgrad=False,
            beta1=settings.beta1,
            beta2=settings.beta2,
            lr=learning_rate,
            weight_decay=decay,
            eps=settings.epsilon,
            maximize=True,
        )
