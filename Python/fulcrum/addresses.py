"""What a host leaves behind where it was listening."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def remove_socket(address: str) -> None:
    """Removes a socket whose host has ended without doing so, with its folder."""
    kind, _, rest = address.partition(":")
    folder = Path(rest).parent
    if kind == "unix" and folder.name.startswith("fulcrum."):
        with suppress(OSError):
            Path(rest).unlink()
        with suppress(OSError):
            folder.rmdir()
