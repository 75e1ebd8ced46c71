"""A batch as it travels, and the scores of its tokens."""

from __future__ import annotations

import array
import itertools
from typing import Any

from fulcrum import wire

from .model import Table, entropy, lever, statistic


class Batch:
    """For each token the one before it and itself; for each sequence its tokens' places."""

    def __init__(self, arrays: dict[str, wire.Array]) -> None:
        prompts = list(arrays["promptTokens"].values())
        ends = list(arrays["promptOffsets"].values())
        tokens = list(arrays["tokens"].values())
        offsets = list(arrays["offsets"].values())
        groups = list(arrays["groupOffsets"].values())
        assert len(ends) == len(groups) and groups[-1] == len(offsets) - 1
        assert offsets[-1] == len(tokens) and ends[-1] == len(prompts)
        self.places: list[tuple[int, int]] = []
        self.sequences: list[range] = []
        for group, (first, last) in enumerate(itertools.pairwise(groups)):
            for sequence in range(first, last):
                places = range(offsets[sequence], offsets[sequence + 1])
                self.sequences.append(places)
                previous = prompts[ends[group + 1] - 1]
                for place in places:
                    self.places.append((previous, tokens[place]))
                    previous = tokens[place]

    def pieces(self, participants: list[bool], most: int) -> list[list[int]]:
        """The places that take part, whole sequences together, about `most` tokens in a piece."""
        pieces: list[list[int]] = []
        size = 0
        for sequence in self.sequences:
            taking = [place for place in sequence if participants[place]]
            if not taking:
                continue
            if not pieces or size + len(sequence) > most:
                pieces.append([])
                size = 0
            pieces[-1] += taking
            size += len(sequence)
        return pieces


def scores(
    table: Table, places: list[tuple[int, int]], header: dict[str, Any]
) -> dict[str, Any] | str:
    """The columns of some tokens; a statistic's name if it is unknown."""
    rows = [(table.logs(before, header["temperature"]), token) for before, token in places]
    columns: dict[str, Any] = {
        "logProbabilities": array.array("f", (row[token] for row, token in rows)),
        "entropies": array.array("f", (entropy(row) for row, _ in rows)),
        "levers": array.array("f", (lever(row, token) for row, token in rows)),
    }
    for number, name in enumerate(header["statistics"]):
        values = [statistic(name, row, token) for row, token in rows]
        flat = array.array("f")
        for found in values:
            if found is None:
                return str(name)
            flat.extend(found)
        shape = (len(rows), len(flat) // max(1, len(rows)))
        columns[f"further-{number}"] = wire.Array("f32", shape, memoryview(flat).cast("B"))
    return columns
