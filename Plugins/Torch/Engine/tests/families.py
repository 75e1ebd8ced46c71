"""Random small models of many families, made by transformers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers
from conftest import FIXTURES

_COMMON: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 2,
    # Larger than usual, so that caps and scales of logits show.
    "initializer_range": 0.3,
}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "gemma2": ("Gemma2Config", {"final_logit_softcapping": 2.0, "sliding_window": 6}),
    "gemma3": ("Gemma3TextConfig", {"sliding_window": 6, "num_hidden_layers": 6}),
    "phi3": ("Phi3Config", {}),
    "mistral": ("MistralConfig", {"sliding_window": 6}),
    "olmo2": ("Olmo2Config", {}),
    "mixtral": ("MixtralConfig", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "qwen2-moe": (
        "Qwen2MoeConfig",
        {
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 24,
            "shared_expert_intermediate_size": 24,
        },
    ),
    "cohere": ("CohereConfig", {"logit_scale": 0.25}),
    "granite": ("GraniteConfig", {"logits_scaling": 4.0, "residual_multiplier": 0.5}),
    "gpt2": ("GPT2Config", {"n_positions": 128, "n_embd": 32, "n_layer": 2, "n_head": 4}),
}
# Reads the whole text at each of its places.
_ENCODER: tuple[str, dict[str, Any]] = ("BertConfig", {})


def make(family: str, folder: Path) -> Path:
    """Writes a random model of a family, with a tokenizer."""
    kind, own = FAMILIES.get(family, _ENCODER)
    settings = {**_COMMON, **own}
    if family == "gpt2":
        settings = {**own, "vocab_size": 512, "eos_token_id": 2, "bos_token_id": 2}
        settings |= {"initializer_range": 0.3}
    torch.manual_seed(7)
    config = getattr(transformers, kind)(**settings)
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    shutil.copyfile(FIXTURES / "tiny-llama" / "tokenizer.json", folder / "tokenizer.json")
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 128}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    return folder
