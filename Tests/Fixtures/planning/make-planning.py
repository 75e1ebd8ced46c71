"""Writes planning.json: what the engine itself says of models, passes, memory and decoding.

    PYTHONPATH=Python:Plugins/Torch/Engine:Plugins/Torch/Engine/tools python make-planning.py

Tests/PlanningTests compares the simulation in Swift with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from engine_step import endless_decoder
from machine_costs import Sizes, pass_terms, step_terms, work_of
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config, Qwen3MoeConfig

from fulcrum_engine import decoding
from fulcrum_engine.batch import Batch
from fulcrum_engine.engine import Engine
from fulcrum_engine.memory import Demand, _sizes, activation_bytes, memory
from fulcrum_engine.operations import operations
from fulcrum_engine.packing import Pass, adjacent_rounds, members_of, plan
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.rows import Prompt, Request, Rows
from fulcrum_engine.sampler import Distribution
from fulcrum_engine.scorer import KEPT_BYTES
from fulcrum_engine.settings import Settings

HERE = Path(__file__).resolve().parent
LORA_RANK = 16
# Stands for a GPU, which need not be there.
KEPT_BYTES["meta"] = KEPT_BYTES["cuda"]


def qwen2(layers: int, width: int, heads: int, groups: int, inner: int, tied: bool) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=151_936 if tied else 152_064,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=groups,
        tie_word_embeddings=tied,
    )


def llama(layers: int, width: int, heads: int, inner: int, tied: bool) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=128_256,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=8,
        tie_word_embeddings=tied,
    )


# The published configurations' sizes.
PUBLISHED = {
    "Qwen2.5-0.5B": qwen2(24, 896, 14, 2, 4864, True),
    "Qwen2.5-1.5B": qwen2(28, 1536, 12, 2, 8960, True),
    "Qwen2.5-3B": qwen2(36, 2048, 16, 2, 11_008, True),
    "Qwen2.5-7B": qwen2(28, 3584, 28, 4, 18_944, False),
    "Qwen2.5-14B": qwen2(48, 5120, 40, 8, 13_824, False),
    "Qwen2.5-32B": qwen2(64, 5120, 40, 8, 27_648, False),
    "Qwen2.5-72B": qwen2(80, 8192, 64, 8, 29_568, False),
    "Llama-3.2-1B": llama(16, 2048, 32, 8192, True),
    "Llama-3.2-3B": llama(28, 3072, 24, 8192, True),
    "Llama-3.1-8B": llama(32, 4096, 32, 14_336, False),
    "Llama-3.1-70B": llama(80, 8192, 64, 28_672, False),
}
# Read from their configurations: a head size of its own, experts.
CONFIGURATIONS = {
    "qwen3": Qwen3Config(
        vocab_size=1000,
        hidden_size=96,
        intermediate_size=160,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        tie_word_embeddings=True,
    ),
    "qwen3-moe": Qwen3MoeConfig(
        vocab_size=1000,
        hidden_size=96,
        intermediate_size=160,
        moe_intermediate_size=64,
        num_experts=8,
        num_experts_per_tok=2,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        tie_word_embeddings=False,
    ),
}


def meta(config: Any) -> Any:
    """A model without weights."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    model.tie_weights()
    return model


def facts(config: Any, with_adapters: bool) -> dict[str, Any]:
    model = meta(config)
    found: dict[str, Any] = {
        "parameters": sum(one.numel() for one in model.parameters()),
        **operations(model),
        "activation_f32": activation_bytes(config, 4),
        "activation_bf16": activation_bytes(config, 2),
        "step_bf16": Sizes.of(model, 2).step,
        "cached_bf16": Sizes.of(model, 2).cached,
    }
    if with_adapters:
        settings = Settings.read({"checkpoint": "x", "lora-rank": LORA_RANK})
        found["adapters"] = _sizes(SimpleNamespace(is_adapter=False), model, settings).trained
        settings = Settings.read(
            {"checkpoint": "x", "lora-rank": LORA_RANK, "lora-targets": ["q_proj", "v_proj"]}
        )
        found["adapters_qv"] = _sizes(SimpleNamespace(is_adapter=False), model, settings).trained
    return found


def batch_of(prompts: list[int], lengths: list[list[int]]) -> Batch:
    flat = [length for group in lengths for length in group]
    return Batch.read(
        {
            "promptTokens": np.zeros(sum(prompts), np.int32),
            "promptOffsets": np.concatenate([[0], np.cumsum(prompts)]),
            "tokens": np.zeros(sum(flat), np.int32),
            "offsets": np.concatenate([[0], np.cumsum(flat)]),
            "groupOffsets": np.concatenate([[0], np.cumsum([len(one) for one in lengths])]),
        },
        1,
        1 << 20,
    )


def packing_case(seed: int, ranks: int, budget: int, may_share: bool) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    prompts = [int(one) for one in random.integers(3, 40, 6)]
    lengths = [[int(one) for one in random.integers(1, 50, 5)] for _ in prompts]
    members = members_of(batch_of(prompts, lengths), None)

    def told(one: Pass | None) -> Any:
        if one is None:
            return None
        work = work_of(one)
        return {
            "shares": one.shares_prompts,
            "sequences": [member.sequence for member in one.members],
            "cost": one.cost(),
            "work": [work.calls, work.tokens, work.pairs, work.scored],
        }

    return {
        "prompts": prompts,
        "lengths": lengths,
        "ranks": ranks,
        "budget": budget,
        "mayShare": may_share,
        "passes": [[told(one) for one in own] for own in plan(members, ranks, budget, may_share)],
        "rounds": [
            [told(one) for one in own] for own in adjacent_rounds(members, ranks, budget, may_share)
        ],
    }


def terms_case() -> dict[str, Any]:
    """Terms of a forward pass, of one with its backward pass, and of a decoding step."""
    config = PUBLISHED["Qwen2.5-0.5B"]
    sizes = Sizes.of(meta(config), 4)
    members = members_of(batch_of([30, 20], [[10, 40], [25, 3]]), None)
    work = work_of(Pass(True, members))
    return {
        "work": [work.calls, work.tokens, work.pairs, work.scored],
        "scoring": list(pass_terms(work, sizes, 1, 1)),
        "training": list(pass_terms(work, sizes, 3, 4)),
        "step": list(step_terms(7, 90, sizes)),
    }


def memory_case(world: int, demand: Demand, device: str, **settings: Any) -> dict[str, Any]:
    """What the engine estimates for Qwen2.5-7B."""
    config = PUBLISHED["Qwen2.5-7B"]
    named = {name.replace("_", "-"): value for name, value in settings.items()}
    given = Settings.read({"checkpoint": "x", **named})
    source = SimpleNamespace(is_adapter=False, config=config)
    parts = memory(source, meta(config), given, world, demand, torch.device("meta" if device == "cuda" else device))
    return {
        "world": world,
        "prompt": demand.prompt,
        "completion": demand.completion,
        "completions": demand.completions,
        "reference": demand.has_reference,
        "device": device,
        "settings": named,
        "parts": parts,
    }


def decoding_case(prompts: list[int], lengths: list[int], samples: int, rows: int, budget: int) -> Any:
    """Which steps the decoder takes for completions of these lengths."""
    steps: list[tuple[int, int]] = []
    prefilled: list[tuple[int, int]] = []
    folder = HERE.parent / "tiny-llama"
    given = Settings.read(
        {"checkpoint": str(folder), "decoding-rows": rows, "microbatch-tokens": budget}
    )
    engine = Engine(given, Ranks(Place(), "cpu"))
    engine.load()
    begin, step, prefill = Rows.begin, decoding._Run._step, decoding._Run._prefill

    def begun(self: Rows, places: np.ndarray, sequences: np.ndarray) -> None:
        begin(self, places, sequences)
        self._limit[places] = np.array(lengths)[sequences]

    def stepped(self: Any) -> torch.Tensor:
        steps.append((self.live, int(self.rows.length[: self.live].max())))
        return step(self)

    def filled(self: Any, first: int, end: int) -> Any:
        prefilled.append((end - first, max(prompts[first:end])))
        return prefill(self, first, end)

    Rows.begin, decoding._Run._step, decoding._Run._prefill = begun, stepped, filled
    try:
        endless_decoder(engine).generate(
            [Prompt(np.ones(length, np.int64), k) for k, length in enumerate(prompts)],
            Request(samples, max(lengths), Distribution(1.0), 1, 0),
        )
    finally:
        Rows.begin, decoding._Run._step, decoding._Run._prefill = begin, step, prefill
    return {
        "prompts": prompts,
        "lengths": lengths,
        "samples": samples,
        "rows": rows,
        "budget": budget,
        "steps": len(steps),
        "live": sum(live for live, _ in steps),
        "places": sum(live * (longest + 1) for live, longest in steps),
        "prefilled": prefilled,
    }


def main() -> None:
    random = np.random.default_rng(7)
    demand = Demand(256, 1024, 1024, True)
    result = {
        "published": {name: facts(config, True) for name, config in PUBLISHED.items()},
        "configurations": {
            name: {"config": config.to_dict(), "facts": facts(config, False)}
            for name, config in CONFIGURATIONS.items()
        },
        "packing": [
            packing_case(seed, ranks, budget, may_share)
            for seed, (ranks, budget, may_share) in enumerate(
                [(1, 200, False), (1, 200, True), (2, 150, True), (4, 90, True), (4, 400, False), (3, 60, True)]
            )
        ],
        "terms": terms_case(),
        "memory": [
            memory_case(4, demand, "cuda", precision="bf16", shard="fsdp2", gradient_checkpointing=True),
            memory_case(8, demand, "cuda", precision="bf16", decoding_rows=32, lora_rank=16),
            memory_case(1, demand, "cpu", microbatch_tokens=2048, decoding_rows=16),
            memory_case(
                2, Demand(100, 50, 8, False), "cpu", precision="bf16", optimizer="sgd", decoding_rows=1
            ),
        ],
        "decoding": [
            decoding_case([5, 9, 7], [int(one) for one in random.integers(1, 30, 12)], 4, 5, 8192),
            decoding_case([6, 3, 8, 4, 5], [int(one) for one in random.integers(1, 20, 10)], 2, 64, 8192),
            decoding_case([6, 3, 8, 4, 5], [int(one) for one in random.integers(1, 20, 15)], 3, 8, 12),
        ],
    }
    (HERE / "planning.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
