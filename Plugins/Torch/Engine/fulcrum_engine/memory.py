"""Estimates what a rank will hold at a step's peak, from the configuration alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from .errors import EngineError
from .layers import head_size
from .loading import ADAPTER_WEIGHTS, Source
from .packed import can_pack
from .scorer import KEPT_BYTES
from .settings import Settings

# What the head holds for a chunk of tokens: logits, their f32 copy, and the gradient.
_CHUNK_BYTES = 128 << 20
_CHUNKS = 3


@dataclass(frozen=True)
class Demand:
    """What a step asks for.

    Attributes:
        prompt: tokens of the longest prompt.
        completion: the most tokens of a completion.
        completions: that a step samples.
        has_reference: whether a frozen copy is held.
    """

    prompt: int
    completion: int
    completions: int
    has_reference: bool


@dataclass(frozen=True)
class _Sizes:
    """Counts of a model's parameters."""

    all: int
    trained: int


def memory(
    source: Source,
    model: Any,
    settings: Settings,
    world: int,
    demand: Demand,
    device: torch.device = torch.device("cpu"),  # noqa: B008 (a device is immutable)
) -> list[list[Any]]:
    """Returns [name, bytes] pairs of one rank: what stays, and the larger of sampling and training.

    The formula is in Documentation/Engine.md.

    Args:
        model: the source's, on whatever device.
    """
    sizes = _sizes(source, model, settings)
    is_shared = settings.shard == "fsdp2"
    share = world if is_shared else 1
    is_bf16 = settings.precision == "bf16"
    width = 2 if is_bf16 else 4
    # FSDP2 holds f32 and casts what it gathers.
    stored = 4 if is_shared else width
    trained = 4 * sizes.trained // share
    parts: list[list[Any]] = [
        [f"weights, {'f32' if stored == 4 else 'bf16'}", stored * sizes.all // share]
    ]
    if is_bf16 and not is_shared and not settings.lora_rank:
        parts.append(["weights in f32 for the optimiser", trained])
    parts.append(["gradient, f32", trained])
    if settings.optimizer == "adamw":
        parts.append(["optimiser's moments, f32", 2 * trained])
    if demand.has_reference:
        parts.append(["reference's weights, f32", trained])
    sampling = _sampling(source, settings, world, demand, sizes, width, device)
    training = _training(source, settings, demand, width, device)
    phase, larger = max(
        ("sampling", sampling),
        ("training", training),
        key=lambda one: sum(size for _, size in one[1]),
    )
    return parts + [[f"{phase}: {name}", size] for name, size in larger if size > 0]


def _sampling(
    source: Source,
    settings: Settings,
    world: int,
    demand: Demand,
    sizes: _Sizes,
    width: int,
    device: torch.device,
) -> list[tuple[str, int]]:
    if settings.sampler == "vllm":
        # Its own memory is its own affair; the weights are gathered here on their way.
        return [("whole weights on their way to vLLM, f32", 4 * sizes.all)]
    text = source.config.get_text_config()
    rows = min(settings.decoding_rows, -(-demand.completions // world))
    places = rows * (demand.prompt + demand.completion)
    is_shared = settings.shard == "fsdp2"
    whole = width * sizes.all if is_shared else 0
    dtype = torch.bfloat16 if width == 2 else torch.float32
    can = can_pack(torch.empty(1 << 20, dtype=dtype, device=device)) and not is_shared
    return [
        ("whole weights", whole),
        ("packed weights", width * sizes.all if can else 0),
        (
            f"keys and values of {rows} rows",
            places * text.num_hidden_layers * 2 * _key_value_width(text) * width,
        ),
        ("logits of a step", rows * text.vocab_size * (4 + width)),
    ]


def _training(
    source: Source, settings: Settings, demand: Demand, width: int, device: torch.device
) -> list[tuple[str, int]]:
    text = source.config.get_text_config()
    sequence = demand.prompt + demand.completion
    # One sequence is taken whole, and a step may have fewer tokens than a pass has room for.
    tokens = min(max(settings.microbatch_tokens, sequence), sequence * demand.completions)
    layer = tokens * activation_bytes(text, width)
    if settings.gradient_checkpointing:
        kept = tokens * text.num_hidden_layers * text.hidden_size * width + layer
    else:
        kept = text.num_hidden_layers * layer
    most = 0 if settings.logit_rows else KEPT_BYTES[device.type]
    kept_logits = min(most, 4 * text.vocab_size * tokens)
    return [
        (f"activations of {tokens} tokens", kept),
        ("logits of a chunk", _CHUNKS * _CHUNK_BYTES),
        ("logits that are kept", kept_logits),
    ]


def activation_bytes(text: Any, width: int) -> int:
    """Returns what one layer keeps of a token for the backward pass.

    For each of two norms the residual stream and its normed form in f32, and the same times the
    weight; queries, keys and values before and after they are turned; attention's result; four
    times the feed-forward width: gate, up, the gate's activation, and the product. Experts that
    see a token count, others don't.
    """
    hidden = text.hidden_size
    query = (getattr(text, "num_attention_heads", 0) or 0) * head_size(text)
    key_value = _key_value_width(text)
    inner = getattr(text, "moe_intermediate_size", None) or getattr(
        text, "intermediate_size", 4 * hidden
    )
    inner *= getattr(text, "num_experts_per_tok", None) or 1
    norms = 2 * hidden * (2 * 4 + 2 * width)
    attention = (3 * query + 4 * key_value + hidden) * width
    return norms + attention + 4 * inner * width


def _key_value_width(text: Any) -> int:
    heads = getattr(text, "num_attention_heads", 0) or 0
    return int((getattr(text, "num_key_value_heads", None) or heads) * head_size(text))


def _sizes(source: Source, model: Any, settings: Settings) -> _Sizes:
    count = sum(parameter.numel() for parameter in model.parameters())
    if source.is_adapter:
        return _Sizes(count, _adapter_size(source))
    if not settings.lora_rank:
        return _Sizes(count, count)
    head = model.get_output_embeddings()
    targets = settings.lora_targets
    trained = 0
    for name, module in model.named_modules():
        is_target = name.rpartition(".")[2] in targets or tuple(targets) == ("all-linear",)
        if isinstance(module, nn.Linear) and module is not head and is_target:
            trained += settings.lora_rank * (module.in_features + module.out_features)
    return _Sizes(count, trained)


def _adapter_size(source: Source) -> int:
    """Returns the number of weights in an adapter's file, of which the sizes alone are read."""
    try:
        with safe_open(source.given / ADAPTER_WEIGHTS, framework="pt") as file:
            return sum(math.prod(file.get_slice(key).get_shape()) for key in file.keys())  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise EngineError("checkpoint", f"the adapter in '{source.given}': {error}") from error
