#!/usr/bin/env python3
"""Writes the tables of Documentation/Results.md: results.py PROGRAM [--check]

A table stands between a line that says what it is and a line `<!-- end -->`:

    <!-- compare FILE... -->          what 'fulcrum compare' says of the runs
    <!-- tuning FILE... MEASURE -->   an arm a row, a learning rate a column
    <!-- microscope FILE -->          a quarter of probability a column

The files are raw numbers under Documentation/Results: a line a run, or what 'fulcrum microscope'
wrote. With --check nothing is written: a table that differs is an error, and the means of each arm
are worked out once more here, without the program.
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "Documentation" / "Results.md"
BLOCK = re.compile(
    r"(<!-- (compare|tuning|microscope) ([^\n]*) -->\n)(.*?)(<!-- end -->\n)", re.DOTALL
)
FIGURES = PAGE.parent / "Figures" / "study"
# What a table's columns are called, and where a line has their numbers.
MEASURES = {"pass@1, %": "pass@1", "pass@16, %": "pass@16", "greedy, %": "greedy"}


def comparison(program: str, arguments: str, figures: dict[str, str]) -> str:
    """Returns what 'fulcrum compare' writes as Markdown, and adds the figures that the page shows.

    They lie in a folder that is named after the first file.
    """
    place = pathlib.Path(shlex.split(arguments)[0]).stem
    with tempfile.TemporaryDirectory() as folder:
        words = [
            "compare",
            *shlex.split(arguments),
            "--markdown",
            f"{folder}/table.md",
            "--output",
            f"{folder}/page.html",
        ]
        words += ["--figures", f"{folder}/figures"]
        subprocess.run([program, *words], cwd=PAGE.parent, check=True, stdout=subprocess.DEVNULL)
        page = PAGE.read_text()
        for file in sorted(pathlib.Path(folder, "figures").glob("*.svg")):
            name = f"{place}/{file.name}"
            if f"Figures/study/{name}" in page:
                figures[name] = file.read_text()
        return "\n" + pathlib.Path(folder, "table.md").read_text() + "\n"


def read(file: str) -> list[dict]:
    """Returns the runs that a file has a line of."""
    return [json.loads(line) for line in (PAGE.parent / file).read_text().splitlines()]


def share(run: dict, name: str) -> float | None:
    """Returns a measure after training, in percent: the mean over the trained categories."""
    own = [row for row in run["after"] if not row.get("transfer")]
    shares = [m["mean"] for row in own for m in row["measures"] if m["name"] == name]
    return 100 * sum(shares) / len(shares) if shares else None


def trial(values: list[float], best: float) -> str:
    """Returns a cell of the trials: the mean, bold if it is the best, and the seeds' range."""
    if not values:
        return "–"
    mean = sum(values) / len(values)
    text = f"**{mean:.1f}**" if mean == best else f"{mean:.1f}"
    return text + (f" ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else "")


def tuning(arguments: str) -> str:
    """Returns how each arm did with each learning rate, as Markdown."""
    *files, name = shlex.split(arguments)
    values: dict[str, dict[float, list[float]]] = {}
    for run in (run for file in files for run in read(file)):
        value = share(run, name)
        if value is not None:
            rate = float(run["settings"]["update.learning-rate"])
            values.setdefault(run["arm"], {}).setdefault(rate, []).append(value)
    rates = sorted({rate for by in values.values() for rate in by})
    seeds = max(len(v) for by in values.values() for v in by.values())
    spread = f", mean of {seeds} seeds and the range of them" if seeds > 1 else ""
    lines = [
        f"{name}, %, by learning rate{spread}",
        "",
        "| arm | " + " | ".join(f"{rate:g}" for rate in rates) + " |",
    ]
    lines.append("| --- |" + " ---: |" * len(rates))
    for arm, by in values.items():
        best = max(sum(v) / len(v) for v in by.values())
        lines.append(
            f"| {arm} | " + " | ".join(trial(by.get(rate, []), best) for rate in rates) + " |"
        )
    return "\n" + "\n".join(lines) + "\n\n"


def microscope(file: str) -> str:
    """Returns what an update does to tokens by quarter of probability, and the paper's Fig. 3."""
    data = json.loads((PAGE.parent / file).read_text())
    one = data["figure1"]
    rows: list[tuple[str, list[float], int]] = [
        ("share of tokens, %", [100 * x for x in one["a"]["share"]], 1),
        ("norm of these tokens' gradient alone, × 1000", [1000 * x for x in one["d"]["norm"]], 1),
        ("mean change of π, points: all updated", [100 * x for x in one["c"]["mean_abs"]], 2),
        (
            "the same, the unlikeliest quarter alone updated",
            [100 * x for x in one["e"]["mean_abs"]],
            2,
        ),
        (
            "the same, the likeliest quarter alone updated",
            [100 * x for x in one["f"]["mean_abs"]],
            2,
        ),
    ]
    for arm in data["figure3"]:
        rows.append((f"moved the right way, %: {arm['arm']}", [100 * x for x in arm["correct"]], 1))
    rows.append(
        (
            "spread of GRPO's over batches, points",
            [100 * x for x in data["figure3"][0]["spread"]],
            1,
        )
    )
    lines = [
        "| π of the token | " + " | ".join(data["intervals"]) + " |",
        "| --- |" + " ---: |" * 4,
    ]
    lines += [
        f"| {title} | " + " | ".join(f"{x:.{n}f}" for x in values) + " |"
        for title, values, n in rows
    ]
    return "\n" + "\n".join(lines) + "\n\n"


def means(files: list[str]) -> dict[str, dict[str, float]]:
    """Returns each arm's mean over its runs of each measure after training, in percent."""
    values: dict[str, dict[str, list[float]]] = {}
    for run in (run for file in files for run in read(file)):
        for title, name in MEASURES.items():
            value = share(run, name)
            if value is not None:
                values.setdefault(run["arm"], {}).setdefault(title, []).append(value)
    return {arm: {name: sum(v) / len(v) for name, v in by.items()} for arm, by in values.items()}


def check_means(text: str, arguments: str) -> list[str]:
    """Returns the cells of the first table that aren't the means of the raw numbers."""
    expected = means([word for word in shlex.split(arguments) if word.endswith(".jsonl")])
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    head, faults, seen = rows[0], [], 0
    for row in rows[2:]:
        if row[0] not in expected:
            break
        for title in MEASURES:
            if title in head:
                shown = float(row[head.index(title)].split("(")[0].replace("−", "-"))
                seen += 1
                # A cell has one decimal.
                mean = expected[row[0]][title]
                if abs(shown - mean) > 0.051:
                    faults.append(f"{row[0]}, {title}: the table has {shown}, the runs {mean:.3f}")
    return faults if seen else [f"no mean to check in the table of '{arguments}'"]


def main() -> int:
    program = str(pathlib.Path(sys.argv[1]).resolve())
    checks = "--check" in sys.argv[2:]
    text = PAGE.read_text()
    faults: list[str] = []
    figures: dict[str, str] = {}

    def made(block: re.Match[str]) -> str:
        kind, arguments = block[2], block[3]
        if kind == "compare":
            new = comparison(program, arguments, figures)
        else:
            new = tuning(arguments) if kind == "tuning" else microscope(arguments)
        if checks:
            if new != block[4]:
                faults.append(
                    f"the table of '{arguments}' isn't of the raw numbers; 'make results' writes it"
                )
            if kind == "compare":
                faults.extend(check_means(new, arguments))
        return block[1] + new + block[5]

    new, count = BLOCK.subn(made, text)
    if not count:
        faults.append("no table found")
    for name, drawn in figures.items():
        file = FIGURES / name
        if not checks:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(drawn)
        elif not file.exists() or file.read_text() != drawn:
            faults.append(
                f"Figures/study/{name} is not drawn from the raw numbers; 'make results' draws it"
            )
    for fault in faults:
        print(f"error: {PAGE.relative_to(ROOT)}: {fault}", file=sys.stderr)
    if not checks and new != text:
        PAGE.write_text(new)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
