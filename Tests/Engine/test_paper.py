"""The recipe of the paper, on a random model of its shape cut to two layers."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch
from conftest import FIXTURES, ROOT, Fulcrum, lines
from transformers import AutoModelForCausalLM, Qwen2Config

RECIPE = ROOT / "Documentation/Recipes/paper/knights-and-knaves.yaml"
# Qwen2.5-3B but for the number of layers, which is 36.
SHAPE = {
    "hidden_size": 2048,
    "intermediate_size": 11008,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "rope_theta": 1e6,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
    "num_hidden_layers": 2,
    "rms_norm_eps": 1e-6,
}


def make_model(folder: Path) -> None:
    """A random model with the tokenizer of a small one: most of its rows have no token."""
    folder.mkdir()
    tokenizer = FIXTURES / "tiny-qwen2"
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (tokenizer / name).exists():
            shutil.copy(tokenizer / name, folder)
    torch.manual_seed(1)
    config = Qwen2Config(**SHAPE, eos_token_id=2, dtype="bfloat16")
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)


def test_the_recipe_takes_a_step_on_two_ranks(fulcrum: Fulcrum) -> None:
    make_model(fulcrum.folder / "model")
    torchrun = Path(sys.executable).with_name("torchrun")
    changes = {
        "steps": "1",
        "task": "{use: knights-and-knaves, prompt: instruct, people: [3]}",
        "policy.checkpoint": "model",
        "policy.python": sys.executable,
        "policy.launch": f'["{torchrun}", --standalone, --nproc-per-node, "2"]',
        "rollout.prompts": "2",
        "rollout.samples": "4",
        "rollout.max-new-tokens": "12",
        "update.minibatch-prompts": "1",
        "evaluation.items": "0",
        "output": "run",
    }
    shutil.copy(RECIPE, fulcrum.folder / "recipe.yaml")
    options = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    explained = fulcrum.run("explain", "recipe.yaml", "--no-trial", *options)
    assert "memory, each process" in explained
    fulcrum.run("train", "recipe.yaml", *options)
    (step,) = lines(fulcrum.folder / "run/metrics.jsonl")
    # Random tokens have no format: every reward is the lowest.
    assert step["reward"] == -3.0
    assert step["completions/mean_length"] > 0
    assert (fulcrum.folder / "run/checkpoints/step-1/config.json").exists()
