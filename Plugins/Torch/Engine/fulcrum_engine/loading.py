"""Reads a model, its tokenizer and its adapter from a folder, or from the hub by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from .errors import EngineError
from .settings import Settings

_ADAPTER_FILE = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
# Where a checkpoint of a merged model has the adapter that is merged in.
MERGED_ADAPTER = "adapter"
_HUB_FILES = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt")

CONFIG = "config.json"
# What belongs to a tokenizer or to generation, kept to the byte.
_COMPANIONS = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
    "generation_config.json",
)


@dataclass(frozen=True)
class Source:
    """What a checkpoint says of itself before its weights are read.

    Attributes:
        given: the folder that the settings name.
        folder: of the whole model's files; another for an adapter.
        base: the whole model as the adapter names it; else as the settings do.
        config: of transformers.
        tokenizer: of transformers.
        dtype: the precision in which the checkpoint stores its weights.
        generation: of transformers, or none.
        files: config.json and what belongs to tokenizer or generation, by name: a run's checkpoints
            have them, also when the folder that the run began from was long removed.
    """

    given: Path
    folder: Path
    base: str
    config: Any
    tokenizer: Any
    dtype: torch.dtype
    generation: Any | None
    files: dict[str, bytes]

    @property
    def is_adapter(self) -> bool:
        """Whether the settings name an adapter's folder."""
        return (self.given / _ADAPTER_FILE).is_file()

    @staticmethod
    def files_of(folder: Path) -> dict[str, bytes]:
        """The files of a checkpoint's folder that its own checkpoints have too."""
        names = [name for name in (CONFIG, *_COMPANIONS) if (folder / name).is_file()]
        return {name: (folder / name).read_bytes() for name in names}


@dataclass(frozen=True)
class Loaded:
    """A checkpoint with its weights.

    Attributes:
        source: where it is from.
        model: a `…ForCausalLM` in f32 on the CPU, adapters injected if there are any.
        adapter: the PEFT model around it, or none.
    """

    source: Source
    model: nn.Module
    adapter: Any | None


def read_source(settings: Settings) -> Source:
    """Returns what a checkpoint's configuration and tokenizer say.

    Raises:
        EngineError: not-found or checkpoint, if it is not there or can't be read.
    """
    given = _resolved(settings.checkpoint)
    if settings.lora_save == "merged" and (given / MERGED_ADAPTER / _ADAPTER_FILE).is_file():
        given = given / MERGED_ADAPTER
    is_adapter = (given / _ADAPTER_FILE).is_file()
    base = _adapter_base(given) if is_adapter else settings.checkpoint
    folder = _resolved(base) if is_adapter else given
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(
            "checkpoint", f"transformers can't read the config.json in '{folder}': {error}"
        ) from error
    generation = None
    if (folder / "generation_config.json").is_file():
        generation = GenerationConfig.from_pretrained(folder, local_files_only=True)
    stored = getattr(config, "dtype", None)
    dtype = stored if isinstance(stored, torch.dtype) else torch.float32
    tokenizer = _read_tokenizer(folder, given)
    if is_adapter:
        _check_rank(given, settings)
    try:
        files = Source.files_of(folder)
    except OSError as error:
        raise EngineError("checkpoint", f"can't read '{folder}': {error}") from error
    return Source(given, folder, base, config, tokenizer, dtype, generation, files)


def skeleton(source: Source) -> nn.Module:
    """Returns the whole model without its weights: shapes and modules on the meta device.

    Raises:
        EngineError: unsupported, if transformers has no causal language model of the kind.
    """
    try:
        with torch.device("meta"):
            model: nn.Module = AutoModelForCausalLM.from_config(source.config)
    except (ValueError, KeyError, TypeError, RuntimeError, ImportError) as error:
        raise EngineError(
            "unsupported", f"transformers makes no language model of '{source.folder}': {error}"
        ) from error
    return model


def load(source: Source, settings: Settings) -> Loaded:
    """Reads the weights, and makes or reads adapters.

    Raises:
        EngineError: checkpoint, if they can't be read; parameter, if LoRA is asked for and PEFT
            is not installed, or has no such targets.
    """
    model = read_model(source.folder, settings.attention)
    adapter = None
    if source.is_adapter:
        adapter = _read_adapter(model, source.given)
    elif settings.lora_rank:
        adapter = _fresh_adapter(model, settings, source.base)
    if adapter is not None:
        model = adapter.get_base_model()
    return Loaded(source, model, adapter)


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


def read_model(folder: Path, attention: str = "auto") -> nn.Module:
    """Returns a folder's model in f32 on the CPU.

    Raises:
        EngineError: checkpoint, if it can't be read, or lacks a weight.
    """
    options: dict[str, Any] = {"dtype": torch.float32, "local_files_only": True}
    if attention in ("eager", "sdpa"):
        options["attn_implementation"] = attention
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, output_loading_info=True, **options
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise EngineError(
            "checkpoint", f"transformers can't read the model in '{folder}': {error}"
        ) from error
    wrong = [*sorted(report["missing_keys"]), *report["mismatched_keys"]]
    if wrong:
        raise EngineError(
            "checkpoint",
            f"the weights in '{folder}' don't fit the model of its config.json:"
            f" {', '.join(str(key) for key in wrong[:4])}",
            "the checkpoint is incomplete, or its config.json is another model's",
        )
    result: nn.Module = model.eval()
    return result


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


def adapter_rank(source: Source, settings: Settings) -> int:
    """Returns the rank of the adapters that are trained; 0 where there are none."""
    return _rank_of(source.given) if source.is_adapter else settings.lora_rank


def _rank_of(folder: Path) -> int:
    rank: int = json.loads((folder / _ADAPTER_FILE).read_text(encoding="utf-8")).get("r")
    return rank


def _check_rank(folder: Path, settings: Settings) -> None:
    """Raises where the settings ask for adapters of another rank than those that are there."""
    rank = _rank_of(folder)
    if settings.lora_rank not in (0, rank):
        raise EngineError(
            "parameter",
            f"parameter 'lora-rank': the adapter in '{folder}' has rank {rank}, got"
            f" {settings.lora_rank}",
            f"leave 'lora-rank' out, or set it to {rank}; or begin new adapters from the base",
        )


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
    targets = list(settings.lora_targets)
    config = peft.LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        target_modules="all-linear" if targets == ["all-linear"] else targets,
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
