"""What a check of a machine found, as rows of a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_SIGNS = {"ok": "ok", "failed": "FAILED", "figure": "", "skipped": "skipped"}


@dataclass(frozen=True)
class Row:
    """One finding.

    Attributes:
        part: of the check.
        name: what was looked at.
        found: a number, or a text.
        bound: what the number may be; empty for figures.
        status: ok, failed, figure (nothing is asked of it) or skipped.
    """

    part: str
    name: str
    found: float | str
    bound: str = ""
    status: str = "figure"


class Findings:
    """Collects the rows of one part."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.rows: list[Row] = []

    def at_most(self, name: str, found: float, bound: float) -> None:
        """Fails for a number above the bound, and for one that is no number."""
        self._add(name, found, f"≤ {bound:g}", "ok" if found <= bound else "failed")

    def at_least(self, name: str, found: float, bound: float) -> None:
        """Fails for a number below the bound, and for one that is no number."""
        self._add(name, found, f"≥ {bound:g}", "ok" if found >= bound else "failed")

    def figure(self, name: str, found: float | str) -> None:
        """Notes what nothing is asked of."""
        self._add(name, found, "", "figure")

    def skip(self, name: str, reason: str) -> None:
        """Notes what was not checked."""
        self._add(name, reason, "", "skipped")

    def fail(self, name: str, reason: str) -> None:
        """Notes what could not be checked, though it should have been."""
        self._add(name, reason, "", "failed")

    def _add(self, name: str, found: float | str, bound: str, status: str) -> None:
        value = found if isinstance(found, str) else float(found)
        self.rows.append(Row(self.part, name, value, bound, status))


def as_table(rows: Sequence[Row]) -> str:
    """Returns the rows as text, one a line."""
    lines = [("part", "what", "found", "bound", "")]
    lines += [
        (
            row.part,
            row.name,
            row.found if isinstance(row.found, str) else f"{row.found:.5g}",
            row.bound,
            _SIGNS[row.status],
        )
        for row in rows
    ]
    # Long texts stand at the end of a line, and need no column.
    widths = [max(len(line[k]) for line in lines if len(line[k]) <= 60) for k in range(5)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_objects(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Returns the rows for JSON."""
    return [asdict(row) for row in rows]
