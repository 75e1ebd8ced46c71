"""Several ranks on gloo give what one gives, and the same bits twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import FIXTURES
from families import make
from launch import launch
from support import largest_difference, relative_difference

# Sums over ranks, and in passes of other shapes, in another order; of the whole gradient.
TOLERANCE = 1e-6
# Of a tensor's largest entry: its terms partly cancel.
WORST = 5e-6


def jobs() -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for model in ("tiny-llama", "tiny-qwen3"):
        for shard in ("none", "fsdp2"):
            settings = {
                "checkpoint": str(FIXTURES / model),
                "shard": shard,
                "microbatch-tokens": 48,
            }
            for do in ("gradient", "gradient", "score", "slots", "file"):
                name = f"{model}-{shard}-{do}-{len(result)}"
                job: dict[str, Any] = {"do": do, "settings": settings, "name": name}
                result.append({**job, "file": f"{name}.gradient"} if do == "file" else job)
    return result


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, torch.Tensor]]:
    return launch(tmp_path_factory.mktemp("alone"), 1, jobs())


@pytest.mark.parametrize("world", [1, 2, 4])
def test_ranks_give_what_one_gives(
    world: int, alone: list[dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    results = alone if world == 1 else launch(tmp_path, world, jobs())
    steps = list(zip(jobs(), results, strict=True))
    for first in range(0, len(steps), 5):
        # One rank without sharding says what is right.
        plain = alone[first - first % 10 :]
        gradient, again, score, slots, file = (result for _, result in steps[first : first + 5])
        assert all(torch.equal(gradient[name], again[name]) for name in gradient)
        assert relative_difference(gradient, plain[0]) < TOLERANCE
        assert largest_difference(gradient, plain[0]) < WORST
        for name, column in score.items():
            assert float((column - plain[2][name]).abs().max()) < 1e-5
        assert torch.equal(slots["moved"], slots["again"])
        assert float((slots["frozen"] - slots["moved"]).abs().max()) > 1e-3
        assert float((slots["frozen"] - plain[3]["frozen"]).abs().max()) < 1e-5
        assert any(not torch.equal(slots[name], slots[f"moved.{name}"]) for name in gradient)
        # The gradient that was written in between is still part of the step.
        assert float(file["norm"]) == pytest.approx(float(plain[4]["norm"]), rel=1e-6)


def test_adapters_bf16_and_experts_are_shared_out(tmp_path: Path) -> None:
    """Other models under FSDP2, and a rank without a sequence, against one rank without it."""
    mixtral = str(make("mixtral", tmp_path / "mixtral"))
    llama = str(FIXTURES / "tiny-llama")
    cases: list[tuple[dict[str, Any], float]] = [
        ({"checkpoint": llama, "lora-rank": 4}, TOLERANCE),
        ({"checkpoint": mixtral}, 5e-6),
        # Sums in bf16 of other shapes: 2^-8 for each.
        ({"checkpoint": llama, "precision": "bf16"}, 0.02),
        ({"checkpoint": llama, "precision": "bf16", "lora-rank": 4}, 0.02),
        ({"checkpoint": llama, "gradient-checkpointing": True}, TOLERANCE),
    ]

    def jobs(shard: str) -> list[dict[str, Any]]:
        made = [
            {"do": "gradient", "settings": {**settings, "shard": shard}} for settings, _ in cases
        ]
        made.append({"do": "lonely", "settings": {"checkpoint": llama, "shard": shard}})
        return [{**job, "name": f"{shard}-{n}"} for n, job in enumerate(made)]

    plain = launch(tmp_path, 1, jobs("none"))
    ranks = launch(tmp_path, 3, [*jobs("fsdp2"), *jobs("none")])
    for number, wanted in enumerate(plain):
        limit = cases[number][1] if number < len(cases) else TOLERANCE
        for got in (ranks[number], ranks[number + len(plain)]):
            assert relative_difference(got, wanted) < limit


def test_a_stop_leaves_ranks_in_step(tmp_path: Path) -> None:
    settings = {"checkpoint": str(FIXTURES / "tiny-llama"), "microbatch-tokens": 24}
    jobs = [
        {"do": "stopped", "settings": {**settings, "shard": shard}, "name": shard}
        for shard in ("none", "fsdp2")
    ]
    plain = launch(tmp_path, 1, jobs)[0]
    for got in launch(tmp_path, 2, jobs):
        assert relative_difference(got, plain) < TOLERANCE
