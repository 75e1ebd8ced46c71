"""Writes checkpoints in Hugging Face's layout, and the gradient under a checkpoint's names."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors import SafetensorError
from safetensors.torch import save_file
from transformers.core_model_loading import revert_weight_conversion

from .errors import EngineError
from .loading import ADAPTER_WEIGHTS, CONFIG, Loaded, Source

# Before the names of an adapter's tensors in its file.
ADAPTER_PREFIX = "base_model.model."
_SHARD_SIZE = "5GB"
_PRECISIONS = {"f32": torch.float32, "bf16": torch.bfloat16}


def saved_precision(choice: str, source: Source) -> torch.dtype:
    """Returns the precision of weights in checkpoints: f32, bf16, or the source's for `same`."""
    return _PRECISIONS.get(choice, source.dtype)


def save_model(
    loaded: Loaded, state: dict[str, torch.Tensor], dtype: torch.dtype, directory: Path
) -> None:
    """Writes a whole model with its tokenizer.

    Names, tying and configuration are those of the checkpoint that was read.

    Args:
        state: parameters and buffers by their names in the model, on the CPU; tied ones once.
        dtype: of floating-point weights in the files.
    """
    named = checkpoint_tensors(loaded, state, dtype)
    try:
        write_tensors(named, directory)
        _write_config(loaded.source, dtype, directory)
        write_companions(loaded.source, directory)
    except (OSError, SafetensorError) as error:
        raise EngineError("input-output", f"can't write to '{directory}': {error}") from error


def checkpoint_tensors(
    loaded: Loaded, state: dict[str, torch.Tensor], dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    """Returns a whole model's tensors under the names of the checkpoint that was read.

    Args:
        state: parameters and buffers by their names in the model, on the CPU; tied ones once.
        dtype: of floating-point weights.
    """
    rounded = {
        name: value.to(dtype) if value.is_floating_point() else value
        for name, value in state.items()
    }
    named: dict[str, torch.Tensor] = revert_weight_conversion(loaded.model, rounded)
    return named


def save_adapter(loaded: Loaded, state: dict[str, torch.Tensor], directory: Path) -> None:
    """Writes an adapter in PEFT's layout, naming its base.

    Args:
        state: the adapters' tensors by their names in the model, on the CPU.
    """
    assert loaded.adapter is not None
    named = {
        ADAPTER_PREFIX + name.replace(".default.", "."): value.contiguous()
        for name, value in state.items()
    }
    try:
        loaded.adapter.peft_config["default"].save_pretrained(str(directory))
        save_file(named, directory / ADAPTER_WEIGHTS, metadata={"format": "pt"})
        write_companions(loaded.source, directory)
    except (OSError, SafetensorError) as error:
        raise EngineError("input-output", f"can't write to '{directory}': {error}") from error


def save_gradient(loaded: Loaded, state: dict[str, torch.Tensor], file: Path) -> None:
    """Writes f32 tensors under the checkpoint's names; a tied one occurs once."""
    named = revert_weight_conversion(loaded.model, state)
    try:
        save_file({name: value.contiguous() for name, value in named.items()}, file)
    except (OSError, SafetensorError) as error:
        raise EngineError("input-output", f"can't write '{file}': {error}") from error


def write_companions(source: Source, directory: Path) -> None:
    """Writes the tokenizer's files as they were read."""
    for name, content in source.files.items():
        if name != CONFIG:
            (directory / name).write_bytes(content)


def write_tensors(named: dict[str, torch.Tensor], directory: Path) -> None:
    """Writes safetensors files of a bounded size, with an index if there are several."""
    split = split_torch_state_dict_into_shards(
        named, filename_pattern="model{suffix}.safetensors", max_shard_size=_SHARD_SIZE
    )
    for file, names in split.filename_to_tensors.items():
        part = {name: named[name].contiguous() for name in names}
        save_file(part, directory / file, metadata={"format": "pt"})
    if split.is_sharded:
        index = {"metadata": split.metadata, "weight_map": split.tensor_to_filename}
        text = json.dumps(index, indent=2, sort_keys=True)
        (directory / "model.safetensors.index.json").write_text(text + "\n", encoding="utf-8")


def _write_config(source: Source, dtype: torch.dtype, directory: Path) -> None:
    """Writes config.json as it was read, but for the precision that it names."""
    config = json.loads(source.files[CONFIG])
    name = str(dtype).removeprefix("torch.")
    key = "torch_dtype" if "torch_dtype" in config and "dtype" not in config else "dtype"
    config[key] = name
    text = json.dumps(config, indent=2)
    (directory / CONFIG).write_text(text + "\n", encoding="utf-8")
