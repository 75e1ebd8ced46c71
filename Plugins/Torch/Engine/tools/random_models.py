"""Writes models with random weights, and a tokenizer with a word for each of their tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Shape:
    """Sizes of a Qwen2 model."""

    vocabulary: int
    hidden: int
    inner: int
    layers: int
    heads: int
    key_value_heads: int


# As Qwen2.5-0.5B has them.
HALF_BILLION = Shape(151_936, 896, 4864, 24, 14, 2)
HUNDRED_MILLION = Shape(32_000, 768, 2048, 12, 12, 4)
SMALL = Shape(512, 64, 128, 2, 4, 2)
# Heads of 32, the least that vLLM takes on the processor.
SMALL_OF_WIDE_HEADS = Shape(512, 64, 128, 2, 2, 1)


def write_model(folder: Path, shape: Shape) -> Path:
    """Writes a model in f32, and its tokenizer, in which token 7 is the word `t7`."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        # Twice the usual: distributions have a shape then, and aren't all but even.
        initializer_range=0.04,
        bos_token_id=None,
        eos_token_id=shape.vocabulary - 1,
        pad_token_id=shape.vocabulary - 1,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    _write_tokenizer(folder, shape.vocabulary)
    return folder


def random_tokens(count: int, length: int, vocabulary: int, seed: int) -> list[np.ndarray]:
    """Returns rows of random tokens, the end token not among them."""
    random = np.random.default_rng(seed)
    return [random.integers(0, vocabulary - 1, length) for _ in range(count)]


def text_of(tokens: np.ndarray) -> str:
    """Returns the text that the tokenizer reads as these tokens."""
    return " ".join(f"t{token}" for token in tokens)


def _write_tokenizer(folder: Path, vocabulary: int) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {f"t{number}": number for number in range(vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="t0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    end = f"t{vocabulary - 1}"
    facts = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "pad_token": end}
    (folder / "tokenizer_config.json").write_text(json.dumps(facts))
