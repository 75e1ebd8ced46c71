"""The parameters of the call `start`, checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .errors import EngineError
from .vllm_options import read_options

_CHOICES: dict[str, tuple[str, ...]] = {
    "device": ("auto", "cpu", "cuda"),
    "precision": ("f32", "bf16"),
    "shard": ("none", "fsdp2"),
    "attention": ("auto", "eager", "sdpa", "flash_attention_2"),
    "optimizer": ("adamw", "sgd"),
    "save_precision": ("f32", "bf16", "same"),
    "lora_save": ("adapter", "merged"),
    "sampler": ("torch", "vllm"),
    "vllm_transfer": ("file", "nccl"),
    "vllm_lora": ("merged", "adapter"),
}
_URL = re.compile(r"https?://[^/\s]+/?\Z")
_GROUPS = ("norms", "biases", "embeddings")
# Least and largest value, both allowed.
_RANGES: dict[str, tuple[float, float]] = {
    "microbatch_tokens": (1, 1 << 30),
    "decoding_rows": (1, 1 << 20),
    "logit_rows": (0, 1 << 20),
    "threads": (0, 4096),
    "lora_rank": (0, 4096),
    "lora_alpha": (0, 1e6),
    "beta1": (0, 0.999999),
    "beta2": (0, 0.999999),
    "epsilon": (1e-30, 1),
    "weight_decay": (0, 100),
    "max_gradient_norm": (0, 1e30),
    "time_limit": (1, 1e6),
}


@dataclass(frozen=True)
class Settings:
    """What a run sets of the engine. Names on the wire have hyphens where these have underscores.

    Attributes:
        checkpoint: a folder in Hugging Face's layout, a folder of a PEFT adapter, or a name on
            the hub.
        device: auto takes CUDA where there is one.
        precision: of the passes; weights, gradients, sums and the optimiser stay in f32.
        shard: none keeps a replica on every rank; fsdp2 shares parameters out among the ranks.
        attention: an implementation of transformers; auto leaves the choice to it.
        microbatch_tokens: padded tokens in one pass of a rank; or one sequence.
        decoding_rows: completions that one rank decodes at a time.
        logit_rows: tokens whose logits are in memory at a time; 0: as many as 128 MiB hold.
        share_prompts: whether sequences of a group may share their prompt's pass.
        threads: of a rank's CPU operations; 0: leave as PyTorch sets it.
        lora_rank: 0 trains all weights.
        lora_alpha: the adapters' product is scaled by alpha / rank.
        lora_targets: names of modules; all-linear: every linear layer but the head.
        lora_save: whether checkpoints are the adapter, or a whole model with it merged in.
        weight_decay_exclude: some of norms, biases, embeddings (the last is also a tied head).
        max_gradient_norm: a gradient of larger L2 norm is scaled down to it; 0: never.
        save_precision: of weights in checkpoints; same: as in the checkpoint that was read.
        sampler: what samples from the policy; frozen copies are always sampled by torch.
        vllm_python: an interpreter that has vLLM; empty: the engine's own.
        vllm_server: the URL of a vLLM server; empty: a process of the engine's own.
        vllm_options: `name=value`, given to vLLM when the engine starts it.
        vllm_devices: CUDA devices of that process, as CUDA_VISIBLE_DEVICES; empty: as they are.
        vllm_transfer: how new weights go to vLLM.
        vllm_lora: whether adapters go over merged into the model, or alone.
        time_limit: seconds that a rank waits for another within a call, before it gives up; and
            seconds that vLLM may be silent.
    """

    checkpoint: str = ""
    device: str = "auto"
    precision: str = "f32"
    shard: str = "none"
    attention: str = "auto"
    gradient_checkpointing: bool = False
    microbatch_tokens: int = 8192
    decoding_rows: int = 256
    logit_rows: int = 0
    share_prompts: bool = True
    threads: int = 0
    lora_rank: int = 0
    lora_alpha: float = 32.0
    lora_targets: tuple[str, ...] = ("all-linear",)
    lora_save: str = "adapter"
    optimizer: str = "adamw"
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    weight_decay_exclude: tuple[str, ...] = ()
    max_gradient_norm: float = 1.0
    save_precision: str = "same"
    sampler: str = "torch"
    vllm_python: str = ""
    vllm_server: str = ""
    vllm_options: tuple[str, ...] = ()
    vllm_devices: str = ""
    vllm_transfer: str = "file"
    vllm_lora: str = "merged"
    time_limit: float = 1800.0
    seed: int = 0

    @property
    def collective_seconds(self) -> float:
        """How long a rank waits for another within a call."""
        return self.time_limit

    @staticmethod
    def read(parameters: Mapping[str, Any], seed: int = 0) -> Settings:
        """Returns the settings of a `start`; absent ones have their defaults.

        Raises:
            EngineError: parameter, for an unknown name or a value of another type or out of range.
        """
        known = {field.name.replace("_", "-"): field for field in fields(Settings)}
        values: dict[str, Any] = {"seed": seed}
        for name, value in parameters.items():
            if name not in known or name == "seed":
                near = difflib.get_close_matches(name, known, 1)
                raise EngineError(
                    "parameter",
                    f"the engine has no parameter '{name}'",
                    f"did you mean '{near[0]}'?" if near else None,
                )
            default = known[name].default
            values[known[name].name] = _checked(name, known[name].name, value, default)
        settings = Settings(**values)
        if not settings.checkpoint:
            raise EngineError(
                "parameter",
                "expected a model in 'checkpoint', got an empty text",
                "give a Hugging Face folder, an adapter's folder, or a name on the hub",
            )
        if settings.attention == "flash_attention_2" and settings.precision != "bf16":
            raise EngineError(
                "parameter",
                "parameter 'attention': flash_attention_2 computes in bf16 alone",
                "set precision to bf16, or attention to sdpa",
            )
        read_options(settings.vllm_options)
        if settings.vllm_server and not _URL.match(settings.vllm_server):
            raise _refused("vllm-server", "an URL as http://host:8000", settings.vllm_server)
        return settings


def _checked(name: str, field: str, value: Any, default: Any) -> Any:
    """Returns `value` in the type of `default`, or raises EngineError."""
    if isinstance(default, tuple):
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise _refused(name, "a list of texts", value)
        unknown = [w for w in value if field == "weight_decay_exclude" and w not in _GROUPS]
        if unknown:
            raise _refused(name, f"some of {', '.join(_GROUPS)}", unknown[0])
        return tuple(value)
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise _refused(name, "true or false", value)
        return value
    if isinstance(default, str):
        allowed = _CHOICES.get(field)
        if not isinstance(value, str) or (allowed and value not in allowed):
            raise _refused(name, f"one of {', '.join(allowed)}" if allowed else "a text", value)
        return value
    is_whole = isinstance(default, int)
    if isinstance(value, bool) or not isinstance(value, int if is_whole else (int, float)):
        raise _refused(name, "a whole number" if is_whole else "a number", value)
    low, high = _RANGES[field]
    if not low <= value <= high:
        raise _refused(name, f"a number from {low:g} to {high:g}", value)
    return value if is_whole else float(value)


def _refused(name: str, expected: str, got: Any) -> EngineError:
    return EngineError("parameter", f"parameter '{name}': expected {expected}, got {got!r}")
