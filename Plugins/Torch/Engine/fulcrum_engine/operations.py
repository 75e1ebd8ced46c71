"""Counts the floating-point operations of a forward pass, from a model's configuration alone."""

from __future__ import annotations

from typing import Any

from .layers import decoder_layers, head_size


def operations(model: Any) -> dict[str, float]:
    """Operations of the matrix products: a multiplication and an addition are two.

    Args:
        model: a causal language model, on whatever device.

    Returns:
        `row`: of all layers' matrices for one token, of experts those that it is sent to;
        `pair`: of attention for two tokens that see each other, over all layers (a window is not
        taken into account); `scored`: of the head for one token.
    """
    text = model.config.get_text_config()
    experts = getattr(text, "num_local_experts", None) or getattr(text, "num_experts", None) or 1
    used = min(1.0, (getattr(text, "num_experts_per_tok", None) or experts) / experts)
    row = 0.0
    for layer in decoder_layers(model):
        for parameter in layer.parameters():
            if parameter.dim() == 2:
                row += 2.0 * parameter.numel()
            elif parameter.dim() == 3 and parameter.shape[0] == experts:
                row += 2.0 * parameter.numel() * used
    heads = getattr(text, "num_attention_heads", 0) or 0
    head = model.get_output_embeddings().weight
    return {
        "row": row,
        "pair": 4.0 * heads * head_size(text) * text.num_hidden_layers,
        "scored": 2.0 * head.numel(),
    }
