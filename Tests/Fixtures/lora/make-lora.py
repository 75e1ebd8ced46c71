"""Writes the golden adapters: what peft makes of them on the tiny checkpoints, in float64.

    python make-lora.py        # with torch, transformers, peft, safetensors

For each case: an adapter folder as peft saves it, with A and B far from zero; log-probabilities of
all completion tokens of the checkpoint's reference sequences; gradients of the loss -sum w log pi;
the adapters after two steps of torch.optim.AdamW with clipping. `seed` makes every run alike.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import peft
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

HERE = Path(__file__).resolve().parent
CASES: dict[str, dict[str, Any]] = {
    "tiny-llama": {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"},
    "tiny-qwen2": {
        "r": 3,
        "lora_alpha": 5,
        "target_modules": ["q_proj", "v_proj", "up_proj", "down_proj"],
        "use_rslora": True,
    },
    "tiny-qwen3": {
        "r": 1,
        "lora_alpha": 2,
        "target_modules": ["k_proj", "o_proj", "gate_proj"],
        "layers_to_transform": [1],
    },
}
# Large enough that a component of the gradient's rounding doesn't move by a whole step.
STEP = {"lr": 1e-2, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}
LIMIT = 5.0
PREFIX = "base_model.model."


def log_probabilities(model: Any, reference: dict[str, Any]) -> list[torch.Tensor]:
    """Returns those of each sequence's completion tokens."""
    result = []
    for tokens, length in zip(reference["input_ids"], reference["prompt_lengths"], strict=True):
        ids = torch.tensor([tokens])
        logits = model(ids).logits[0, :-1]
        every = torch.log_softmax(logits, -1).gather(-1, ids[0, 1:, None])[:, 0]
        result.append(every[length - 1 :])
    return result


def loss(model: Any, reference: dict[str, Any]) -> torch.Tensor:
    total = torch.zeros((), dtype=torch.float64)
    weights = zip(reference["weights"], reference["prompt_lengths"], strict=True)
    for values, (weight, length) in zip(log_probabilities(model, reference), weights, strict=True):
        total = total - (torch.tensor(weight[length:], dtype=torch.float64) * values).sum()
    return total


def make(name: str, settings: dict[str, Any]) -> None:
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    base = HERE.parent / name
    reference = json.loads((base / "reference.json").read_text())
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = peft.LoraConfig(lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", **settings)
    adapted = peft.get_peft_model(model, config)
    trained = [item for item in adapted.named_parameters() if item[1].requires_grad]
    with torch.no_grad():
        for key, value in trained:
            if ".lora_B." in key:
                value.normal_(0, 0.2)
    adapted.peft_config["default"].base_model_name_or_path = f"../../{name}"
    adapted.save_pretrained(str(folder))
    (folder / "README.md").unlink()
    adapted.double()
    named = {key.replace(".default.", "."): value for key, value in trained}
    expected: dict[str, Any] = {}
    expected["log_probabilities"] = [
        [round(one, 9) for one in values.tolist()]
        for values in log_probabilities(adapted, reference)
    ]
    optimizer = torch.optim.AdamW([value for _, value in trained], **STEP)
    norms, gradients = [], {}
    for step in range(2):
        optimizer.zero_grad()
        total = loss(adapted, reference)
        total.backward()
        if step == 0:
            expected["loss"] = total.item()
            gradients = {f"gradient.{key}": value.grad.float() for key, value in named.items()}
        norms.append(torch.nn.utils.clip_grad_norm_([value for _, value in trained], LIMIT).item())
        optimizer.step()
    after = {f"after.{key}": value.detach().float() for key, value in named.items()}
    expected["norms"] = norms
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    save_file({**gradients, **after}, folder / "expected.safetensors")


if __name__ == "__main__":
    for name, settings in CASES.items():
        make(name, settings)
