"""Tells the host what a model is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import transformers

from .errors import EngineError
from .loading import Source
from .ranks import Ranks
from .settings import Settings

if TYPE_CHECKING:
    from .engine import Engine


def context_length(config: Any, tokenizer: Any) -> int:
    """Returns the most tokens of prompt and completion together.

    Raises:
        EngineError: checkpoint, if neither configuration nor tokenizer says.
    """
    text = config.get_text_config()
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length"):
        value = getattr(text, name, None)
        if isinstance(value, int) and value > 0:
            return value
    # Tokenizers without a length say a very large one.
    if 0 < tokenizer.model_max_length < 1 << 31:
        return int(tokenizer.model_max_length)
    raise EngineError("checkpoint", "config.json names no context length (max_position_embeddings)")


def end_tokens(source: Source) -> list[int]:
    """Returns the tokens that end a completion, that of demonstrations first.

    Raises:
        EngineError: checkpoint, if there is none.
    """
    config = source.config.get_text_config()
    for place in (source.generation, config, source.tokenizer):
        ends = getattr(place, "eos_token_id", None)
        if isinstance(ends, int):
            return [ends]
        if ends:
            return [int(end) for end in ends]
    raise EngineError(
        "checkpoint",
        f"the checkpoint in '{source.folder}' names no token that ends a text",
        "set eos_token_id in generation_config.json or config.json",
    )


def summary(config: Any, parameter_count: int, settings: Settings, ranks: Ranks) -> str:
    """Returns one line: family, size, precision, device."""
    text = config.get_text_config()
    line = f"{config.model_type}, {parameter_count} parameters"
    if hasattr(text, "num_hidden_layers"):
        line += f", {text.num_hidden_layers} layers of width {text.hidden_size}"
    if settings.lora_rank:
        line += f", LoRA of rank {settings.lora_rank}"
    line += f", passes in {settings.precision} on {_device_name(ranks)}"
    if ranks.world > 1:
        line += f", {ranks.world} ranks ({settings.shard})"
    return line


def model_facts(engine: Engine) -> list[list[Any]]:
    """Returns [name, value] pairs: integers, numbers, flags, texts, or lists of one of these.

    Those that weights are needed for come with them.
    """
    config = engine.source.config
    text = config.get_text_config()
    facts: list[list[Any]] = [
        ["family", config.model_type],
        ["parameters", engine.parameter_count],
        ["precision", engine.settings.precision],
    ]
    named = {
        "layers": "num_hidden_layers",
        "width": "hidden_size",
        "hidden-width": "intermediate_size",
        "heads": "num_attention_heads",
        "key-value-heads": "num_key_value_heads",
        "head-size": "head_dim",
        "vocabulary": "vocab_size",
    }
    for name, attribute in named.items():
        value = getattr(text, attribute, None)
        if isinstance(value, int):
            facts.append([name, value])
    facts += [
        ["context", engine.context_length],
        ["tokenizer", engine.token_rows.count],
        ["stored", str(engine.source.dtype).removeprefix("torch.")],
        ["end-tokens", engine.end_tokens],
        ["end-texts", [engine.texts.text_of(token) for token in engine.end_tokens]],
    ]
    if engine.is_loaded:
        model: Any = engine.scorer.model
        facts += [
            ["trained", sum(item.parameter.numel() for item in engine.masters)],
            ["tied", _is_tied(model)],
            ["attention", str(getattr(model.config, "_attn_implementation", "unknown"))],
            ["head", "direct" if engine.scorer.is_direct else "whole"],
            ["shared-prompts", engine.shares_prompts],
        ]
    facts += [
        ["device", _device_name(engine.ranks)],
        ["sampler", engine.sampler],
        ["ranks", engine.ranks.world],
        ["shard", engine.settings.shard],
        ["torch", torch.__version__],
        ["transformers", transformers.__version__],
    ]
    return facts


def _is_tied(model: Any) -> bool:
    head = model.get_output_embeddings()
    return head is not None and head.weight is model.get_input_embeddings().weight


def _device_name(ranks: Ranks) -> str:
    if ranks.device.type == "cuda":
        return torch.cuda.get_device_name(ranks.device)
    return f"CPU with {torch.get_num_threads()} threads"
