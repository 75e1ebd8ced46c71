"""Small random models with heads of 32, the least that vLLM takes on the processor."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers
from conftest import FIXTURES

# More rows than the tokenizer has tokens, as published models have.
ROWS, TOKENS = 576, 512
CONTEXT = 512
_COMMON: dict[str, Any] = {
    "vocab_size": ROWS,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": CONTEXT,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 2,
    # Larger than usual, so that distributions have a shape.
    "initializer_range": 0.15,
}
KINDS = {
    "llama": ("LlamaConfig", {"tie_word_embeddings": False}),
    "llama-tied": ("LlamaConfig", {"tie_word_embeddings": True}),
    "qwen2": ("Qwen2Config", {"tie_word_embeddings": False}),
    "qwen2-tied": ("Qwen2Config", {"tie_word_embeddings": True}),
}


def make(kind: str, folder: Path, seed: int = 7) -> Path:
    """Writes a model with a tokenizer."""
    name, own = KINDS[kind]
    torch.manual_seed(seed)
    config = getattr(transformers, name)(**_COMMON, **own)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    shutil.copyfile(FIXTURES / "tiny-llama" / "tokenizer.json", folder / "tokenizer.json")
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": CONTEXT}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    return folder
