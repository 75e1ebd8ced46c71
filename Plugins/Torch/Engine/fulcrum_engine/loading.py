"""Reads a model, its tokenizer and its adapter from a folder, or from the hub by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer

from .errors import EngineError
from .settings import Settings

_ADAPTER_FILE = "adapter_config.json"
_HUB_FILES = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt")


@dataclass
class Loaded:
    """What a checkpoint has.

    Attributes:
        model: a `…ForCausalLM` in f32 on the CPU, adapters injected if there are any.
        adapter: the PEFT model around it, or none.
        tokenizer: of transformers.
        folder: of the whole model's files; with an adapter, those of its base.
        base: the base model as the adapter names it; else the checkpoint as it was given.
        dtype: the precision in which the checkpoint stores its weights.
    """

    model: nn.Module
    adapter: Any | None
    tokenizer: Any
    folder: Path
    base: str
    dtype: torch.dtype


def load(settings: Settings) -> Loaded:
    """Returns the model that the settings name.

    Raises:
        EngineError: not-found or checkpoint, if it is not there or can't be read; parameter, if
            LoRA is asked for and PEFT is not installed.
    """
    given = _resolved(settings.checkpoint)
    is_adapter = (given / _ADAPTER_FILE).is_file()
    base = _adapter_base(given) if is_adapter else settings.checkpoint
    folder = _resolved(base) if is_adapter else given
    model, dtype = _read_model(folder, settings)
    tokenizer = _read_tokenizer(folder, given)
    adapter = None
    if is_adapter:
        adapter = _read_adapter(model, given)
    elif settings.lora_rank:
        adapter = _fresh_adapter(model, settings, base)
    if adapter is not None:
        model = adapter.get_base_model()
    return Loaded(model, adapter, tokenizer, folder, base, dtype)


def _resolved(name: str) -> Path:
    """Returns the folder of a checkpoint; one on the hub is downloaded, or found in its cache."""
    if Path(name).is_dir():
        return Path(name)
    if name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise EngineError("not-found", f"expected a checkpoint's folder, there is no '{name}'")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=list(_HUB_FILES)))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise EngineError(
            "not-found",
            f"there is no folder '{name}', and the hub gives no model of that name: {error}",
            "check the name, or download the model and give its folder",
        ) from error


def _read_model(folder: Path, settings: Settings) -> tuple[nn.Module, torch.dtype]:
    options: dict[str, Any] = {"dtype": torch.float32, "local_files_only": True}
    if settings.attention != "auto":
        options["attn_implementation"] = settings.attention
    try:
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        stored = getattr(config, "dtype", None)
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, output_loading_info=True, **options
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise EngineError(
            "checkpoint", f"transformers can't read the model in '{folder}': {error}"
        ) from error
    except Exception as error:  # safetensors' own errors derive from nothing else
        if type(error).__module__.partition(".")[0] not in ("safetensors_rust", "safetensors"):
            raise
        raise EngineError("checkpoint", f"a weight file in '{folder}': {error}") from error
    missing = sorted(report["missing_keys"])
    if missing or report["mismatched_keys"]:
        names = ", ".join(str(key) for key in [*missing, *report["mismatched_keys"]][:4])
        raise EngineError(
            "checkpoint",
            f"the weights in '{folder}' don't fit the model of its config.json: {names}",
            "the checkpoint is incomplete, or its config.json is another model's",
        )
    if not isinstance(stored, torch.dtype):
        stored = torch.float32
    model.eval()
    return model, stored


def _read_tokenizer(folder: Path, adapter: Path) -> Any:
    has_own = (adapter / "tokenizer.json").is_file()
    place = adapter if has_own else folder
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError, TypeError) as error:
        raise EngineError(
            "checkpoint", f"transformers can't read the tokenizer in '{place}': {error}"
        ) from error
    return tokenizer


def _adapter_base(folder: Path) -> str:
    try:
        text = (folder / _ADAPTER_FILE).read_text(encoding="utf-8")
        base = json.loads(text)["base_model_name_or_path"]
    except (OSError, ValueError, KeyError) as error:
        raise EngineError(
            "checkpoint", f"'{folder / _ADAPTER_FILE}' names no base model: {error!r}"
        ) from error
    if not isinstance(base, str) or not base:
        raise EngineError("checkpoint", f"'{folder / _ADAPTER_FILE}' names no base model")
    if not Path(base).is_absolute() and (folder / base).is_dir():
        return str(folder / base)
    return base


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise EngineError(
            "parameter", "LoRA needs the package 'peft'", "pip install 'fulcrum-engine[lora]'"
        ) from error
    return peft


def _read_adapter(model: nn.Module, folder: Path) -> Any:
    try:
        adapter = _peft().PeftModel.from_pretrained(
            model, folder, is_trainable=True, local_files_only=True
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise EngineError("checkpoint", f"the adapter in '{folder}': {error}") from error
    return adapter.eval()


def _fresh_adapter(model: nn.Module, settings: Settings, base: str) -> Any:
    """Returns adapters whose product is 0, so the model is the base until it is trained."""
    peft = _peft()
    config = peft.LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha or 2.0 * settings.lora_rank,
        target_modules=list(settings.lora_targets) or "all-linear",
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        try:
            adapter = peft.get_peft_model(model, config)
        except ValueError as error:
            raise EngineError("parameter", f"parameter 'lora-targets': {error}") from error
    adapter.peft_config["default"].base_model_name_or_path = str(
        Path(base).resolve() if Path(base).is_dir() else base
    )
    return adapter.eval()
