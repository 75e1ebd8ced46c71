#!/usr/bin/env python3
"""Runs small inputs that failed in this field, end to end, and prints how each is answered.

Usage: cases.py CASES [PROGRAM]

CASES is a folder with any of configs/, jsonl/, rewards/, math-pairs.jsonl, breaker/Breaker.swift and
pad-vocabulary.py; what isn't there is skipped. The table is Markdown: the case, the exit status, the
seconds, and the line that says most. Exit status 1 if a case is answered wrongly: if a program ends
with 0 that should not, or the other way round, or if it takes too long.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# A case that takes longer has hung.
LIMIT = 240
# What a configuration that is right, or only unwise, ends with.
SOUND_CONFIGS = {"00-ok", "28-1e-4", "32-crlf", "24-samples1"}
# Rows that are no error: a reader takes them as they are.
SOUND_ROWS = {
    "bigexp", "bom-mid", "bool", "crlf", "empty-lines", "exp", "float17", "hugeint", "int20", "list", "lone",
    "missing", "negzero", "nul", "ok", "single", "special", "trailzero", "u2028",
}  # fmt: skip
# Programs that a reward can be. The others can't work, and must be given up within SECONDS.
SOUND_REWARDS = {"crash5", "hugeerr", "numpyr", "slow", "unicode"}
SECONDS = 15
RUN = """\
steps: 2
policy: {use: transformer, checkpoint: Documentation/Recipes/start}
advantage: [grpo]
schedule: single
objective: grpo
rollout: {prompts: 2, samples: 2, max-new-tokens: 32}
update: {minibatch-prompts: 2}
evaluation: {items: 0}
"""
PUZZLES = "task: {use: knights-and-knaves, people: [2]}\nreward: knights-and-knaves\n"
BREAKS = [
    f"{place}-{deed}"
    for place in ("entry", "init", "call")
    for deed in ("exit", "uexit", "locale", "signal", "fpmode", "closefd", "stdout")
    if place != "entry" or deed in ("exit", "stdout")
] + ["reward-exit"]


@dataclass
class Answer:
    status: int
    seconds: float
    output: str
    errors: str

    @property
    def line(self) -> str:
        """The line that says most: an error, a warning, or the last."""
        lines = [line for line in (self.errors + self.output).splitlines() if line.strip()]
        told = [line for line in lines if re.match(r"\S*(error|warning)", line)]
        text = (told or lines[-1:] or [""])[0]
        return text.replace("|", "\\|")[:160]


class Cases:
    def __init__(self, cases: Path, program: str, folder: Path) -> None:
        self.cases = cases
        self.program = program
        self.folder = folder
        self.wrong = 0
        (folder / "Documentation").symlink_to(ROOT / "Documentation")

    def run(self, *arguments: str, **environment: str) -> Answer:
        began = time.monotonic()
        try:
            done = subprocess.run(
                [self.program, *arguments], cwd=self.folder, capture_output=True, timeout=LIMIT,
                env=os.environ | environment, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            status, output, errors = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as end:
            status, output, errors = 124, end.stdout or b"", end.stderr or b""
        seconds = time.monotonic() - began
        text = [part.decode(errors="replace") for part in (output, errors)]
        return Answer(status, seconds, text[0], text[1])

    def row(self, name: str, answer: Answer, is_right: bool) -> None:
        self.wrong += not is_right
        mark = "" if is_right else " **wrong**"
        print(f"| {name} | {answer.status}{mark} | {answer.seconds:.1f} | {answer.line} |", flush=True)

    def head(self, title: str) -> None:
        print(f"\n| {title} | status | seconds | says |\n| --- | --- | --- | --- |", flush=True)

    def train(self, text: str, *arguments: str, **environment: str) -> Answer:
        (self.folder / "run.yaml").write_text(text)
        shutil.rmtree(self.folder / "runs", ignore_errors=True)
        return self.run("train", "run.yaml", "--set", "output=runs/case", *arguments, **environment)

    def configs(self) -> None:
        self.head("configs")
        for path in sorted((self.cases / "configs").glob("*.yaml")):
            shutil.copyfile(path, self.folder / "run.yaml")
            shutil.rmtree(self.folder / "runs", ignore_errors=True)
            answer = self.run("train", "run.yaml")
            sound = path.stem in SOUND_CONFIGS
            self.row(path.stem, answer, answer.status == (0 if sound else 2))

    def rows(self) -> None:
        self.head("jsonl")
        for path in sorted((self.cases / "jsonl").glob("*.jsonl")):
            shutil.copyfile(path, self.folder / path.name)
            answer = self.train(
                RUN + f"task: {{use: jsonl, train: {path.name}}}\nreward: math\n",
                "--set", "steps=1", "--set", "rollout.prompts=1", "--set", "update.minibatch-prompts=1",
            )  # fmt: skip
            self.row(path.stem, answer, answer.status in ((0, 1, 2) if path.stem in SOUND_ROWS else (1, 2)))

    def rewards(self) -> None:
        self.head("rewards")
        samples = self.cases / "rewards" / "samples.jsonl"
        for path in sorted((self.cases / "rewards").glob("*.py")):
            answer = self.run(
                "reward", "score", "--use", "process", "--input", str(samples),
                "--set", f"command=[python3, {path}]",
            )  # fmt: skip
            sound = path.stem in SOUND_REWARDS
            is_right = answer.status == 0 and "no scores" not in answer.output if sound else answer.status == 1
            self.row(path.stem, answer, is_right and (sound or answer.seconds < SECONDS))

    def pairs(self) -> None:
        self.head("math-pairs")
        pairs = [json.loads(line) for line in (self.cases / "math-pairs.jsonl").read_text().splitlines()]
        texts = self.folder / "pairs.jsonl"
        texts.write_text(
            "".join(
                json.dumps({"id": str(i), "prompt": "", "completion": p["completion"], "answer": p["answer"]}) + "\n"
                for i, p in enumerate(pairs)
            )
        )
        scored = self.folder / "scored.jsonl"
        answer = self.run("reward", "score", "--use", "math", "--input", str(texts), "--output", str(scored))
        rewards = {}
        if scored.exists():
            for line in scored.read_text().splitlines():
                row = json.loads(line)
                rewards[row["id"]] = (row.get("reward") or 0) > 0.5
        false = [i for i, p in enumerate(pairs) if rewards.get(str(i)) and not p["equal"]]
        refused = [i for i, p in enumerate(pairs) if not rewards.get(str(i)) and p["equal"]]
        equal = sum(p["equal"] for p in pairs)
        answer.output = f"{len(false)} of {len(pairs) - equal} unequal accepted, {len(refused)} of {equal} equal refused"
        self.row("all", answer, answer.status == 0 and not false and len(rewards) == len(pairs))

    def breaker(self) -> None:
        self.head("breaker")
        build = ROOT / ".build" / "release"
        stamp = ROOT / "Sources/Kernel/Sources/FulcrumStamp"
        source = (self.cases / "breaker" / "Breaker.swift").read_text()
        # Written for an earlier interface.
        source = re.sub(r"RewardScore\(reward: ([^,]+), outcome: ", r"RewardScore.scored(\1, ", source)
        (self.folder / "Breaker.swift").write_text(source)
        commands = [
            ["clang", "-c", "-fPIC", "-I", f"{stamp}/include", f"{stamp}/FulcrumStamp.c", "-o", "stamp.o"],
            ["swiftc", "-emit-library", "-parse-as-library", "-O", "-swift-version", "6", "-module-name", "Breaker",
             "-I", f"{build}/Modules", "-I", f"{build}", "-L", f"{build}", "-lFulcrumKernel", "Breaker.swift",
             "stamp.o", "-o", "libfulcrum-breaker.so"],
        ]  # fmt: skip
        for command in commands:
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        os.chmod(self.folder / "libfulcrum-breaker.so", 0o755)
        plugin = "./libfulcrum-breaker.so"
        for mode in BREAKS:
            text = RUN + PUZZLES
            if mode == "reward-exit":
                text = text.replace("reward: knights-and-knaves", f"reward: {{use: '{plugin}'}}")
            else:
                text = text.replace("advantage: [grpo]", f"advantage: [grpo, {{use: '{plugin}'}}]")
            answer = self.train(text, BREAK=mode)
            if mode.endswith("stdout"):
                is_right = answer.status == 0 and "hello" not in answer.output
            else:
                is_right = answer.status == 1 and "breaker" in answer.errors
            self.row(f"train, {mode}", answer, is_right)
        for mode in ("init-exit", "init-locale", "call-signal", "init-fpmode", "call-closefd"):
            answer = self.run("plugin", "check", plugin, BREAK=mode)
            self.row(f"plugin check, {mode}", answer, answer.status == 1)

    def padding(self) -> None:
        self.head("pad-vocabulary")
        model = self.cases.parent / "data/models/tiny-qwen2"
        script = self.cases / "pad-vocabulary.py"
        subprocess.run(
            [sys.executable, str(script), str(model), "padded"], cwd=self.folder, check=True, capture_output=True
        )
        text = RUN.replace("Documentation/Recipes/start", "padded") + PUZZLES
        answer = self.train(text, "--set", "steps=4", "--set", "rollout.samples=8")
        self.row("train", answer, answer.status == 0)
        answer = self.run("generate", "padded", "--prompt", "word", "--samples", "16")
        self.row("generate", answer, answer.status == 0)


def main() -> int:
    cases = Path(sys.argv[1]).resolve()
    program = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else str(ROOT / ".build/release/fulcrum")
    folder = Path(tempfile.mkdtemp(prefix="fulcrum-cases."))
    try:
        run = Cases(cases, program, folder)
        for name, work in (
            ("configs", run.configs), ("jsonl", run.rows), ("rewards", run.rewards),
            ("math-pairs.jsonl", run.pairs), ("breaker/Breaker.swift", run.breaker),
            ("pad-vocabulary.py", run.padding),
        ):  # fmt: skip
            if (cases / name).exists():
                work()
            else:
                print(f"\n{name} isn't there: skipped")
    finally:
        shutil.rmtree(folder)
    print(f"\n{run.wrong} answered wrongly")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
