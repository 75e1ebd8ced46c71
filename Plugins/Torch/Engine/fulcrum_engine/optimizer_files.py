"""Saves the optimiser's state, and what a checkpoint rounds off, for any number of ranks.

Each rank that holds parts of its own writes one safetensors file of them, and rank 0 an index with
sizes and checksums. Readers take the rows that they need from whichever file has them. (PyTorch's
distributed checkpoints do the same, but their metadata is a pickle, and damage goes unnoticed.)
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.distributed.tensor import DTensor

from .errors import EngineError
from .masters import Master, Masters
from .optimizer import Optimizer, OptimizerState
from .ranks import Ranks
from .weights import Part

_INDEX = "optimizer.json"
_FORMAT = "fulcrum-engine-optimizer"
_VERSION = 1
_MASTER = "master"
_BLOCK = 1 << 20


def save_optimizer(
    directory: Path,
    masters: Masters,
    optimizer: Optimizer,
    ranks: Ranks,
    keeps_masters: bool,
) -> None:
    """Writes the state into an empty folder; all ranks call alike.

    Args:
        keeps_masters: whether weights are written too, as checkpoints round them.

    Raises:
        EngineError: input-output.
    """
    is_shared = any(isinstance(item.parameter.data, DTensor) for item in masters)
    writers = ranks.world if is_shared else 1
    entry, error = None, None
    if ranks.rank < writers:
        name = f"optimizer-{ranks.rank + 1:05}-of-{writers:05}.safetensors"
        try:
            entry = _write_part(directory / name, masters, optimizer, keeps_masters)
        except (OSError, SafetensorError) as caught:
            error = EngineError("input-output", f"can't write '{directory / name}': {caught}")
    ranks.agree(error)
    # Size and checksum of each rank's file.
    table = torch.zeros(ranks.world, 2, dtype=torch.int64)
    table[ranks.rank] = torch.tensor(entry or (0, 0))
    table = ranks.sum(table)
    if ranks.rank == 0:
        index = {
            "format": _FORMAT,
            "version": _VERSION,
            "optimizer": optimizer.name,
            "steps": optimizer.state.steps,
            "masters": keeps_masters,
            "tensors": {item.name: list(item.parameter.shape) for item in masters},
            "files": [
                {
                    "name": f"optimizer-{rank + 1:05}-of-{writers:05}.safetensors",
                    "bytes": int(table[rank, 0]),
                    "crc32": int(table[rank, 1]),
                }
                for rank in range(writers)
            ],
        }
        try:
            (directory / _INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
        except OSError as caught:
            error = EngineError("input-output", f"can't write '{directory / _INDEX}': {caught}")
    ranks.agree(error)


def load_optimizer(directory: Path, masters: Masters, optimizer: Optimizer, ranks: Ranks) -> None:
    """Reads what `save_optimizer` wrote, by however many ranks; all ranks call alike.

    Everything is read before anything changes.

    Raises:
        EngineError: not-found or checkpoint, if it is damaged or of another model; nothing has
            changed then.
    """
    error, state, values = None, None, None
    try:
        index = _read_index(directory)
        _check(index, directory, masters, optimizer)
        if ranks.rank == 0:
            _check_files(index, directory)
        reader = _Reader(directory, index)
        moments = [
            [reader.read(prefix, item) for prefix in optimizer.moment_names] for item in masters
        ]
        state = OptimizerState(int(index["steps"]), moments)
        if index["masters"]:
            values = [reader.read(_MASTER, item) for item in masters]
    except EngineError as caught:
        error = caught
    except (OSError, SafetensorError) as caught:
        error = EngineError(
            "checkpoint",
            f"the optimiser's state in '{directory}': {caught}",
            "the folder is damaged: use an earlier checkpoint",
        )
    ranks.agree(error)
    optimizer.state = state
    if values is not None:
        masters.put(values)


def _write_part(
    file: Path, masters: Masters, optimizer: Optimizer, keeps_masters: bool
) -> tuple[int, int]:
    """Writes this rank's parts; gives the file's size and checksum."""
    tensors: dict[str, torch.Tensor] = {}
    rows: dict[str, int] = {}
    for item, moments in zip(masters, optimizer.state.moments, strict=True):
        part = Part.of(item.parameter.data)
        if part.count == 0:
            continue
        named = dict(zip(optimizer.moment_names, moments, strict=True))
        if keeps_masters:
            named[_MASTER] = item.values
        for prefix, values in named.items():
            tensors[f"{prefix}.{item.name}"] = values.detach().cpu().contiguous()
            rows[f"{prefix}.{item.name}"] = part.first
    save_file(tensors, file, metadata={"rows": json.dumps(rows)})
    return file.stat().st_size, _checksum(file)


def _checksum(file: Path) -> int:
    checksum = 0
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _read_index(directory: Path) -> dict[str, Any]:
    file = directory / _INDEX
    if not file.is_file():
        raise EngineError(
            "not-found",
            f"there is no '{file}'",
            "the folder was not written by this policy's optimiser",
        )
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EngineError("checkpoint", f"'{file}' is damaged: {error}") from error
    kinds: dict[str, type] = {
        "format": str,
        "version": int,
        "optimizer": str,
        "steps": int,
        "masters": bool,
        "tensors": dict,
        "files": list,
    }
    fits = isinstance(index, dict) and all(
        isinstance(index.get(key), kind) for key, kind in kinds.items()
    )
    if not fits or index["format"] != _FORMAT or index["version"] != _VERSION:
        raise EngineError(
            "checkpoint", f"'{file}' is not an index of {_FORMAT}, version {_VERSION}"
        )
    result: dict[str, Any] = index
    return result


def _check(index: dict[str, Any], directory: Path, masters: Masters, optimizer: Optimizer) -> None:
    """Raises unless the state is of this optimiser and these tensors."""
    if index["optimizer"] != optimizer.name:
        raise EngineError(
            "checkpoint",
            f"expected the state of the optimiser '{optimizer.name}' in '{directory}', got that of"
            f" '{index['optimizer']}'",
            f"set the policy's parameter 'optimizer' to '{index['optimizer']}' to go on from it",
        )
    own = {item.name: list(item.parameter.shape) for item in masters}
    for name in sorted({*own, *index["tensors"]}):
        if own.get(name) != index["tensors"].get(name):
            raise EngineError(
                "checkpoint",
                f"'{directory}' is of another model: tensor '{name}', expected the shape"
                f" {own.get(name, 'of none')}, got {index['tensors'].get(name, 'none')}",
            )


def _check_files(index: dict[str, Any], directory: Path) -> None:
    """Raises unless all files are there, and have their sizes and checksums."""
    for entry in index["files"]:
        file = directory / Path(str(entry["name"])).name
        if not file.is_file():
            raise EngineError(
                "checkpoint",
                f"there is no '{file}'",
                "the checkpoint is incomplete: use an earlier one",
            )
        size = file.stat().st_size
        if size != entry["bytes"] or _checksum(file) != entry["crc32"]:
            raise EngineError(
                "checkpoint",
                f"'{file}' is damaged: expected {entry['bytes']} bytes of checksum"
                f" {entry['crc32']}, got {size} bytes of checksum {_checksum(file)}",
                "use an earlier checkpoint",
            )


class _Reader:
    """Finds tensors' rows in the files of a folder."""

    def __init__(self, directory: Path, index: dict[str, Any]) -> None:
        names = [Path(str(entry["name"])).name for entry in index["files"]]
        self._files = [safe_open(directory / name, framework="pt") for name in names]
        self._rows: list[dict[str, int]] = [
            json.loads((file.metadata() or {}).get("rows", "{}")) for file in self._files
        ]
        self._directory = directory

    def read(self, prefix: str, item: Master) -> torch.Tensor:
        """Returns this rank's rows of a tensor, in f32 on its device.

        Raises:
            EngineError: checkpoint, if not all of them are there.
        """
        part = Part.of(item.parameter.data)
        key = f"{prefix}.{item.name}"
        values = torch.empty(item.values.shape, dtype=torch.float32)
        found = 0
        for file, rows in zip(self._files, self._rows, strict=True):
            if key not in rows:
                continue
            if part.count is None:
                values.copy_(file.get_tensor(key))
                return values.to(item.values.device)
            stored = file.get_slice(key)
            start, length = rows[key], stored.get_shape()[0]
            first = max(part.first, start)
            end = min(part.first + part.count, start + length)
            if first < end:
                values[first - part.first : end - part.first] = stored[first - start : end - start]
                found += end - first
        if found != part.count:
            raise EngineError(
                "checkpoint",
                f"expected {part.count} rows of '{key}' in '{self._directory}', got {found}",
                "the checkpoint is incomplete: use an earlier one",
            )
        return values.to(item.values.device)
