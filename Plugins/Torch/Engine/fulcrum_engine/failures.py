"""What the host is told of an exception."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from .errors import EngineError

_BACKENDS = ("gloo/", "NCCL", "ProcessGroup")
_PACKAGE = str(Path(__file__).parent)
# A message is a sentence, not a dump: some of transformers' have pages.
_MOST = 2000
_REMEDY = (
    "lower microbatch-tokens (training and scoring) or decoding-rows (sampling), set "
    "gradient-checkpointing, or share the parameters out among ranks: shard fsdp2"
)


def error_header(error: BaseException) -> dict[str, Any]:
    """The header of an error frame: message, code, hint if there is one, where it was raised.

    `ofGroup` says that an exchange between ranks failed: as a rule because another rank is gone.
    """
    if isinstance(error, EngineError):
        header: dict[str, Any] = {"message": error.message, "code": error.code}
        if error.hint is not None:
            header["hint"] = error.hint
    elif _is_out_of_memory(error):
        first = str(error).partition("\n")[0][:_MOST] or "no more memory"
        header = {
            "message": f"out of memory: {first}",
            "code": "plugin-fault",
            "hint": _REMEDY,
        }
    else:
        text = str(error)[:_MOST]
        name = type(error).__name__
        header = {"message": f"{name}: {text}" if text else name, "code": "plugin-fault"}
    if where := raised_at(error):
        header["where"] = where
    if _is_of_group(error):
        header["ofGroup"] = True
    return header


def raised_at(error: BaseException) -> str:
    """`file.py:12 in f` of the last frame in this package, and of the last one at all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(_PACKAGE)]
    shown = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in (*own[-1:], *frames[-1:])]
    return ", by way of ".join(dict.fromkeys(reversed(shown)))


def _is_out_of_memory(error: BaseException) -> bool:
    # By name: this module is used before torch is imported.
    names = {kind.__name__ for kind in type(error).__mro__}
    is_allocator = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return bool(names & {"OutOfMemoryError", "MemoryError"}) or is_allocator


def _is_of_group(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    # Gloo's own errors are plain ones that begin with the place in its sources.
    return "DistError" in names or (
        isinstance(error, RuntimeError) and any(one in str(error) for one in _BACKENDS)
    )
