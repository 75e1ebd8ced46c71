"""Notes for the tests: lines in files of the folder FAKE_ENGINE_NOTES."""

from __future__ import annotations

import os


def note(name: str, text: object) -> None:
    folder = os.environ.get("FAKE_ENGINE_NOTES")
    if folder:
        with open(os.path.join(folder, name), "a") as file:
            file.write(f"{text}\n")
