"""Reads and writes the weights of slots beside the policy's: a run's reference."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .checkpoint import ADAPTER_PREFIX
from .errors import EngineError
from .loading import ADAPTER_WEIGHTS, MERGED_ADAPTER, Loaded, read_model
from .masters import Masters
from .weights import Part

_COPY = "copy.safetensors"


def read_values(folder: str, loaded: Loaded, masters: Masters) -> list[torch.Tensor]:
    """Returns this rank's values of a checkpoint of the same shape, f32, on its device.

    With adapters: of an adapter's folder, of a merged model's that has its adapter beside it, or of
    the base, whose adapters are zero.

    Raises:
        EngineError: not-found; checkpoint, if it can't be read or is of another shape.
    """
    path = Path(folder)
    if not path.is_dir():
        raise EngineError("not-found", f"expected a checkpoint's folder, there is no '{folder}'")
    if loaded.adapter is None:
        whole = {name: one.data for name, one in read_model(path).named_parameters()}
    elif adapters := [
        one for one in (path, path / MERGED_ADAPTER) if (one / ADAPTER_WEIGHTS).is_file()
    ]:
        whole = _adapter_tensors(adapters[0])
    elif path.resolve() != loaded.source.folder.resolve():
        raise EngineError(
            "checkpoint",
            f"expected an adapter's folder, or the base '{loaded.source.folder}', got '{folder}'",
            "where adapters are trained, a reference is other adapters of the same base",
        )
    else:
        whole = {item.name: torch.zeros(item.parameter.shape) for item in masters}
    return _own_parts(whole, folder, masters)


def write_copy(state: dict[str, torch.Tensor], directory: str) -> None:
    """Writes a copy's weights in f32 beside its checkpoint, which may round them.

    Raises:
        EngineError: input-output.
    """
    file = Path(directory) / _COPY
    try:
        save_file({name: tensor.float().contiguous() for name, tensor in state.items()}, file)
    except (OSError, SafetensorError) as error:
        raise EngineError("input-output", f"can't write '{file}': {error}") from error


def read_copy(directory: str, masters: Masters) -> list[torch.Tensor]:
    """Returns this rank's values of what `write_copy` wrote.

    Raises:
        EngineError: not-found or checkpoint.
    """
    file = Path(directory) / _COPY
    if not file.is_file():
        raise EngineError("not-found", f"expected a copy's weights, there is no '{file}'")
    try:
        whole = load_file(file)
    except (OSError, SafetensorError) as error:
        raise EngineError(
            "checkpoint", f"'{file}' is damaged: {error}", "use an earlier checkpoint"
        ) from error
    return _own_parts(whole, str(file), masters)


def _own_parts(whole: dict[str, torch.Tensor], place: str, masters: Masters) -> list[torch.Tensor]:
    values = []
    for item in masters:
        tensor = whole.get(item.name)
        if tensor is None or tensor.shape != item.parameter.shape:
            found = "none" if tensor is None else str(list(tensor.shape))
            raise EngineError(
                "checkpoint",
                f"expected '{item.name}' of shape {list(item.parameter.shape)} in '{place}',"
                f" got {found}",
                "the checkpoint is of another model",
            )
        values.append(Part.of(item.parameter.data).cut(tensor.float()).to(item.values.device))
    return values


def _adapter_tensors(folder: Path) -> dict[str, torch.Tensor]:
    try:
        stored = load_file(folder / ADAPTER_WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise EngineError("checkpoint", f"the adapter in '{folder}': {error}") from error
    return {
        name.removeprefix(ADAPTER_PREFIX).replace(".weight", ".default.weight"): tensor
        for name, tensor in stored.items()
    }
