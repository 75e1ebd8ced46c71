"""The folder that the engine and vLLM share while both live: weights on their way, and packages."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import fulcrum

from .errors import EngineError

_MEMORY = Path("/dev/shm")


class Exchange:
    """A folder that only this user may enter, gone with `close`.

    Args:
        size: bytes that weights need. In memory if so much is free there, else in the system's
            folder for temporary files (TMPDIR).
        is_shared: another machine may have to see it: never in memory.

    Raises:
        EngineError: input-output, if no folder can be made.
    """

    def __init__(self, size: int, is_shared: bool = False) -> None:
        place = None if is_shared or not _has_room(_MEMORY, size) else str(_MEMORY)
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="fulcrum-vllm-", dir=place))
        except OSError as error:
            raise EngineError(
                "input-output", f"can't make a folder for the weights that vLLM reads: {error}"
            ) from error

    def packages(self) -> Path:
        """A folder with the two packages that vLLM's process needs, and with nothing else.

        The engine's packages may lie among all of its interpreter's, which are not vLLM's.
        """
        folder = self.folder / "packages"
        if not folder.is_dir():
            folder.mkdir()
            own = Path(__file__).resolve().parents[1] / "fulcrum_vllm"
            (folder / "fulcrum_vllm").symlink_to(own)
            (folder / "fulcrum").symlink_to(Path(fulcrum.__file__).resolve().parent)
        return folder

    def weights(self, version: int) -> Path:
        """An empty folder for the weights of a version."""
        folder = self.folder / f"weights-{version}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def close(self) -> None:
        """Removes the folder; harmless twice."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _has_room(folder: Path, size: int) -> bool:
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    free = os.statvfs(folder)
    # As much again for whoever else uses the memory.
    return free.f_bavail * free.f_frsize >= 2 * size
