"""Golden outputs: what small runs of every method compute, before and after a refactoring.

    python3 Tests/Golden/golden.py record PROGRAM FOLDER    # FOLDER must be new
    python3 Tests/Golden/golden.py compare FOLDER FOLDER    # exit status 1 if anything differs

`record` runs PROGRAM, a `fulcrum` with its plugins beside it, on copies of this repository's
checkpoint, examples and fixtures, and writes what it printed and what its runs left, a text file
for each: numbers as they were written, files of weights and of the optimiser as SHA-256. Times,
speeds, memory, versions, plugins' digests and the places where programs and plugins lie are left
out. Two recordings are comparable if one machine made them, with the same checkpoint, examples and
fixtures. It takes a minute on two cores, and make, clang and gfortran for the foreign plugins.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
START = "Documentation/Recipes/start"
SUMS = "Documentation/Recipes/math-sample.jsonl"
HELD_OUT = "Documentation/Recipes/math-sample-held-out.jsonl"
REWARD = "Examples/Process/reward.py"
FOREIGN = "Examples/Foreign"

BASE = f"""
steps: 2
seed: 7
task: {{use: knights-and-knaves, people: [2, 3]}}
policy: {{use: transformer, checkpoint: {START}}}
reward: knights-and-knaves
advantage: [grpo, advantage-reweighting]
schedule: lopti
objective: [{{use: grpo, clip-high: 0.24, dual-clip: 10}}, {{use: kl-penalty, beta: 0.001}}]
rollout: {{prompts: 4, samples: 4, max-new-tokens: 130}}
update: {{minibatch-prompts: 2, learning-rate: 5e-4}}
evaluation: {{items: 5, temperature: 1}}
microscope: {{words: Documentation/Recipes/search-words.yaml}}
"""

WARM_START = """
task: {use: knights-and-knaves, people: [2], names: 4, trace: short, demonstration-errors: 0.1}
policy: {use: transformer, vocabulary: 300, width: 32, layers: 1, heads: 2, context: 224}
warm-start: {demonstrations: 200, batch: 20, learning-rate: 5e-3, warmup-steps: 3, decay: cosine}
"""

# What each run changes in BASE.
PLAIN = ("schedule=single", "advantage=[grpo]", "objective=[grpo]")
TWICE = (*PLAIN, "update.iterations=2")
RUNS: dict[str, tuple[str, ...]] = {
    "recipe": ("steps=3", "checkpoint.every=1", "checkpoint.keep=9", "logging.record=true"),
    "one-thread": ("threads=1",),
    "plain": PLAIN,
    "dr-grpo": (
        *PLAIN,
        "advantage=[dr-grpo]",
        "schedule={use: single, repeats: 2}",
        "update.aggregation=seq-mean-token-sum-norm",
    ),
    "rloo": (*PLAIN, "advantage=[rloo]", "update.aggregation=seq-mean-token-sum"),
    "grpo-batch-scale": (
        *PLAIN,
        "advantage=[{use: grpo, scale: batch, deviation-floor: 0.01}]",
        "update.aggregation=seq-mean-token-mean",
    ),
    "reinforce-plus-plus": (
        *PLAIN,
        "advantage=[{use: kl-penalty, beta: 0.1}, reinforce-plus-plus]",
    ),
    "reinforce-plus-plus-baseline": (
        *PLAIN,
        (
            "advantage=[{use: kl-penalty, beta: 0.1, estimator: k3, clamp: true},"
            " {use: reinforce-plus-plus, baseline: group}]"
        ),
        "objective=[grpo, {use: kl-penalty, beta: 0.1, estimator: k2}]",
    ),
    "entropy-top": (*PLAIN, "advantage=[{use: grpo, scale: none}, entropy-top]"),
    "token-filter": (*PLAIN, "advantage=[grpo, {use: token-filter, from: 0.1, to: 0.9}]"),
    "rollout-correction": (
        *PLAIN,
        (
            "advantage=[grpo, {use: rollout-correction, level: sequence-mean, mode: reject,"
            " upper: 1.01}, {use: rollout-correction, mean-normalised: true}]"
        ),
        "update.old-log-probabilities=recompute",
    ),
    "reweighting-reference": (
        *PLAIN,
        (
            "advantage=[grpo, {use: advantage-reweighting, probability: reference,"
            " negative-only: true, mean-normalised: true}]"
        ),
    ),
    "reweighting-rollout": (
        *PLAIN,
        "advantage=[grpo, {use: advantage-reweighting, alpha: 0.9, probability: rollout}]",
        "update.old-log-probabilities=recompute",
        "rollout.temperature=0.8",
    ),
    "cispo": (*TWICE, "objective=[{use: cispo, clip-low: 0.1, clip-high: 0.1}]"),
    "clip-cov": (
        *TWICE,
        "objective=[{use: clip-cov, share: 0.02, cov-low: 0, cov-high: 100}]",
    ),
    "kl-cov": (*TWICE, "objective=[{use: kl-cov, share: 0.02}]"),
    "entropy-bonus": (*TWICE, "objective=[grpo, {use: entropy-bonus, coefficient: 0.01}]"),
    "sequence": (
        *TWICE,
        "objective=[{use: grpo, importance-ratio: sequence, clip-low: 0.001, clip-high: 0.001}]",
    ),
    "sequence-token": (
        *TWICE,
        (
            "objective=[{use: grpo, importance-ratio: sequence-token, alpha: 0.3,"
            " clip-low: 0.001, clip-high: 0.001}]"
        ),
    ),
    "ratio": (
        *TWICE,
        (
            "objective=[{use: grpo, clip-low: 0.01, clip-high: 0.01, dual-clip: 1.1, alpha: 0.5},"
            " {use: kl-penalty, beta: 0.1, estimator: k1, gradient: k2, clamp: false}]"
        ),
    ),
    "random-split": ("schedule={use: random-split, eta: 0.9, order: high-first}",),
    "random-split-quantile": ("schedule={use: random-split, quantile: 0.1, split-per: minibatch}",),
    "lopti-quantile": (
        "schedule={use: lopti, quantile: 0.1, order: high-first, split-per: minibatch}",
        "update.iterations=2",
    ),
    "truncated": (
        *PLAIN,
        "rollout.max-new-tokens=75",
        "update.mask-truncated=true",
        "reward=[{use: knights-and-knaves, weight: 2}, {use: overlong, weight: 0.5, buffer: 30}]",
    ),
    "dynamic": (
        "rollout.dynamic-sampling=true",
        "rollout.samples=2",
        "rollout.max-refills=50",
        "update.old-log-probabilities=recompute",
    ),
    "reference": (
        "steps=3",
        "reference.update-every=1",
        "reference.mix=0.5",
        "objective=[grpo, {use: kl-penalty, beta: 0.1}]",
        "update.warmup-steps=1",
        "update.decay=linear",
        "update.final-learning-rate-share=0.1",
        "evaluation.every=1",
        "evaluation.temperature=0",
    ),
    "policy": (
        *PLAIN,
        "policy.save-precision=bf16",
        "policy.microbatch-tokens=512",
        "policy.packing=false",
        "policy.share-prompts=false",
        "policy.logit-rows=32",
        "policy.beta2=0.99",
        "policy.weight-decay=0.1",
        "policy.weight-decay-exclude=[norms, embeddings]",
        "policy.max-gradient-norm=0.01",
        "policy.products=openblas",
    ),
    "policy-bf16": (*PLAIN, "policy.precision=bf16", "update.max-logp-difference=1"),
    "math": (
        f"task={{use: jsonl, train: {SUMS}, held-out: {HELD_OUT}, category-key: category}}",
        'task.suffix=" The answer is \\\\boxed{"',
        "reward=[{use: math, no-answer: -0.5}, {use: overlong, buffer: 30}]",
        "rollout.max-new-tokens=40",
        "rollout.temperature=1.5",
        "evaluation.items=2",
    ),
    # Puzzles with two people end with a line for the second.
    "process": (
        "task={use: jsonl, train: puzzles.jsonl}",
        f"reward={{use: process, command: [python3, -B, {REWARD}], workers: 2, batch: 3}}",
    ),
    "process-dropped": (
        "task={use: jsonl, train: puzzles.jsonl}",
        "reward={use: process, command: [python3, -B, fickle.py]}",
        "rollout.on-failure=drop-sample",
    ),
    "foreign": (
        f"plugin-path=[{FOREIGN}/LengthAware, {FOREIGN}/DampUnlikely, {FOREIGN}/ClippedRatio]",
        "reward=[knights-and-knaves, {use: length-aware, target: 60}]",
        "advantage=[grpo, damp-unlikely]",
        "objective=[clipped-ratio]",
    ),
}

# Weights grow until products overflow.
DIVERGING = (
    "steps=9",
    "update.learning-rate=10",
    "policy.weight-decay=100",
    "update.max-skipped=2",
    "update.max-logp-difference=1000",
    "evaluation.items=0",
)

# Judges some completions and refuses others.
FICKLE = """
import json, sys
for line in sys.stdin:
    sample = json.loads(line)
    mark = sum(map(ord, sample["completion"])) % 5
    reply = {"reward": mark, "outcome": "wrong"} if mark else {"refused": "nought"}
    print(json.dumps({"id": sample["id"], **reply}), flush=True)
"""

ANSWERS = [
    ("</think><answer>(1) Ann is a knight</answer>", "(1) Ann is a knight"),
    ("</think><answer>(1) Ann is a knave</answer>", "(1) Ann is a knight"),
    ("</think><answer>?</answer>", "(1) Ann is a knight"),
    ("no format", "(1) Ann is a knight"),
    (r"so \boxed{1/2}", "0.5"),
    (r"so \boxed{1,250}", "1250"),
    (r"so \boxed{\frac{3}{4}} \boxed{}", "0.75"),
    ("it is 42", "42"),
]

# Parameters without a default.
REQUIRED = {
    "jsonl": [f"jsonl.train={SUMS}"],
    "process": [f"process.command=[python3, -B, {REWARD}]"],
    "overlong": ["overlong.buffer=20"],
    "token-filter": ["token-filter.from=0.25", "token-filter.to=0.75"],
}
SCORES = {
    "knights-and-knaves": [],
    "math": [],
    "overlong": ["buffer=4"],
    "process": [f"command=[python3, -B, {REWARD}]"],
    f"{FOREIGN}/LengthAware/length-aware.fulcrum.yaml": ["target=8"],
}

WRONG = [
    ["train", "base.yaml", "--set", "rollout.prompt=3"],
    ["train", "base.yaml", "--set", "schedule.etta=0.5"],
    ["train", "base.yaml", "--set", "schedule=lopto"],
    ["train", "base.yaml", "--set", "update.minibatch-prompts=3"],
    ["train", "base.yaml", "--set", "advantage=[{use: grpo, scale: big}]"],
    ["train", "base.yaml", "--set", "policy.checkpoint=nowhere"],
    ["resume", "nowhere"],
    ["replay", "runs/plain"],
    ["plugin", "info", "lopto"],
]

# What depends on the machine or the hour, in what is printed, and in HTML and YAML.
VARIABLE = [
    (r" *[\d.]+( [kMG])? ([a-zA-Z]+)/s\b", r" SPEED \2/s"),
    (r" *\d+:\d\d(:\d\d)? left", "TIME left"),
    (r"[\d.]+ ms, the best", "TIME, the best"),
    (r"[+-][\d.]+ MiB", "MEMORY"),
    (r"[^\s\"'<>=:]*/(?=libfulcrum-[a-z-]+\.so)", ""),
    (r"\S+ \((beside the executable|the installation's prefix)[^)]*\)", r"FOLDER (\1)"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"\bClang [\d.]+ \([^)]*\)", "COMPILER"),
    (r"(kernel[ -]interface\D{1,20})\d+\.\d+", r"\1INTERFACE"),
    (r"-nan\b", "nan"),
    (r"(?<![\d.])\d+\.\d+\.\d+(?![\d.])", "VERSION"),
]
CLOCK = re.compile(r'^{?"(step_time|time/[^"]*|tokens_per_second)": ')


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sets(*overrides: str) -> list[str]:
    return [word for text in overrides for word in ("--set", text)]


def unfolded(text: str) -> str:
    """JSON lines with a line for each value, and without the clock's."""
    lines = text.replace(", ", ",\n").split("\n")
    return "\n".join(line for line in lines if not CLOCK.match(line))


def events(data: bytes) -> bytes:
    """TensorBoard's records without wall time, which each begins with, and without the clock's."""
    records = []
    while data:
        size = int.from_bytes(data[:8], "little")
        records.append(data[12 + 9 : 12 + size])
        data = data[12 + size + 4 :]
    return b"".join(record for record in records if b"step_time" not in record)


@dataclass
class Recorder:
    program: Path
    work: Path
    output: Path
    faults: list[str] = field(default_factory=list)

    def normalised(self, text: str) -> str:
        text = text.replace(str(self.work), "WORK")
        for pattern, replacement in VARIABLE:
            text = re.sub(pattern, replacement, text)
        return text

    def keep(self, name: str, text: str) -> None:
        path = self.output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def call(self, name: str, *arguments: str, status: int = 0) -> str:
        """Runs the program, keeps what it prints under a name, and gives its standard output."""
        result = subprocess.run(
            [self.program, *arguments], cwd=self.work, capture_output=True, text=True, check=False
        )
        if result.returncode != status:
            self.faults.append(f"{name}: exit status {result.returncode}\n{result.stderr}")
        text = f"fulcrum {shlex.join(arguments)}\nstatus {result.returncode}\n"
        text += f"{result.stdout}--- errors\n{result.stderr}"
        self.keep(f"{name}/printed", self.normalised(text))
        return result.stdout

    def keep_file(self, name: str, path: Path) -> None:
        text = path.read_text()
        if path.suffix in (".json", ".jsonl"):
            text = unfolded(text)
        elif path.suffix == ".yaml":
            text = text.split("\nprovenance:")[0]
        elif path.suffix in (".html", ".svg"):
            text = text.replace("<", "\n<")
        self.keep(name, self.normalised(text))

    def keep_folder(self, name: str) -> None:
        """Keeps what lies in a folder `runs/NAME`; binary files by their digests."""
        folder = self.work / "runs" / name
        digests = ""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            place = path.relative_to(folder).as_posix()
            if path.parent.name == "tensorboard":
                digests += f"{sha256(events(path.read_bytes()))}  {place}\n"
            elif "checkpoints/" in place or path.suffix in (".safetensors", ".png"):
                digests += f"{sha256(path.read_bytes())}  {place}\n"
            elif path.name not in ("run.lock", "run.stage"):
                self.keep_file(f"{name}/{place}", path)
        self.keep(f"{name}/sha256", digests)

    def train(self, name: str, *overrides: str, status: int = 0) -> None:
        arguments = ["train", "base.yaml", *sets(f"output=runs/{name}", *overrides)]
        self.call(name, *arguments, status=status)
        self.keep_folder(name)


def prepare(work: Path) -> None:
    for folder in ("Documentation/Recipes", "Examples", "Tests/Fixtures"):
        shutil.copytree(
            REPOSITORY / folder, work / folder, ignore=shutil.ignore_patterns("*.so", "__pycache__")
        )
    make = ["make", "-s", "-C", str(work / FOREIGN), "CC=clang", "CXX=clang++"]
    subprocess.run(make, check=True)
    (work / "base.yaml").write_text(BASE)
    (work / "warm-start.yaml").write_text(WARM_START)
    (work / "fickle.py").write_text(FICKLE)
    (work / "texts.jsonl").write_text('{"text": "Ann says: 17 + 26 <|im_end|>\\n"}\n{"text": ""}\n')
    answers = [
        {
            "id": number,
            "prompt": "<|im_start|>assistant\n<think>",
            "completion": text,
            "answer": answer,
        }
        | {"tokens": 5 + number, "token_limit": 12}
        for number, (text, answer) in enumerate(ANSWERS)
    ]
    (work / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))


def write_puzzles(work: Path) -> None:
    """Prompts of the first run's rollouts, with a number as the answer."""
    prompts = [
        json.loads(line)["prompt"]
        for path in sorted((work / "runs/recipe/rollouts").iterdir())
        for line in path.read_text().splitlines()[1:]
    ]
    rows = [json.dumps({"prompt": prompt, "answer": "2"}) + "\n" for prompt in prompts]
    (work / "puzzles.jsonl").write_text("".join(rows))


def record_runs(recorder: Recorder) -> None:
    for name, overrides in RUNS.items():
        recorder.train(name, *overrides)
        if name == "recipe":
            write_puzzles(recorder.work)
    recorder.train("started", "steps=3", "start=runs/recipe/checkpoints/step-2")
    recorder.train("diverged", *DIVERGING, status=1)
    runs = recorder.work / "runs"
    # As a kill after step 3 would leave it, had the checkpoint of step 2 been damaged.
    shutil.copytree(runs / "recipe", runs / "resumed")
    shutil.rmtree(runs / "resumed/checkpoints/step-3")
    (runs / "resumed/checkpoints/step-2/trainer/state.json").unlink()
    recorder.call("resumed", "resume", "runs/resumed")
    recorder.keep_folder("resumed")


def record_again(recorder: Recorder) -> None:
    """What is made of runs that are done."""
    replays = {
        "replay": [],
        "replay-other": sets("advantage=[rloo]", "schedule=single"),
        "replay-late": ["--from", "2"],
    }
    for name, options in replays.items():
        recorder.call(name, "replay", "runs/recipe", "--output", f"runs/{name}", *options)
        recorder.keep_folder(name)
    arm = ["--arm", "plain=advantage=[grpo];schedule=single"]
    recorder.call("arms", "arms", "base.yaml", "--seeds", "1", *arm, "--set", "output=runs/arms")
    recorder.keep_folder("arms")
    looks = {
        "microscope-run": ["runs/recipe", "--layer-tokens", "4", *arm],
        "microscope-fresh": ["base.yaml", "--batches", "1", "--optimizer", "adamw", *arm],
    }
    for name, options in looks.items():
        (recorder.work / "runs" / name).mkdir()
        options += ["--output", f"runs/{name}/microscope.json"]
        recorder.call(name, "microscope", *options)
        recorder.keep_folder(name)
    microscope = recorder.work / "runs/microscope-run/microscope.json"
    shutil.copy(microscope, recorder.work / "runs/recipe")
    output = ["--output", "runs/report/report.html", "--figures", "runs/report/figures"]
    (recorder.work / "runs/report").mkdir()
    recorder.call("report", "report", "runs/recipe", *output)
    recorder.keep_folder("report")
    (recorder.work / "runs/compare").mkdir()
    output = ["--output", "runs/compare/compare.html"]
    recorder.call("compare", "compare", "runs/recipe", "runs/started", "runs/plain", *output)
    recorder.keep_folder("compare")


def record_models(recorder: Recorder) -> None:
    tunings = {
        "sft-fresh": [],
        "sft-qwen3": ["policy.family=qwen3", "policy.key-value-heads=1", "policy.tied=false"],
        "sft-start": [f"policy={{use: transformer, checkpoint: {START}}}"],
    }
    for name, overrides in tunings.items():
        options = sets(f"output=runs/{name}", *overrides)
        recorder.call(name, "sft", "warm-start.yaml", *options)
        recorder.keep_folder(name)
    recorder.call("import", "model", "import", "Tests/Fixtures/gguf/all-types.gguf", "runs/import")
    recorder.keep_folder("import")
    for model in (START, *(f"Tests/Fixtures/tiny-{name}" for name in ("llama", "qwen2", "qwen3"))):
        name = f"model-{Path(model).name}"
        folder = f"runs/{name}"
        (recorder.work / folder).mkdir()
        recorder.call(f"{name}-info", "model", "info", model)
        sequences = [[3, 5, 8, 13, 21, 34], [100, 99, 98]]
        weights = [[0.5, -1, 2, 0.25, -0.125], [1, -1]]
        request = {"sequences": sequences, "weights": weights, "temperature": 0.7}
        (recorder.work / "request.json").write_text(json.dumps(request))
        output = ["--input", "request.json", "--output", f"{folder}/scores.json"]
        gradients = ["--gradients", f"{folder}/gradients.safetensors"]
        recorder.call(f"{name}-score", "model", "score", model, *output, *gradients)
        output = ["--input", "texts.jsonl", "--output", f"{folder}/tokens.jsonl"]
        recorder.call(f"{name}-tokenize", "model", "tokenize", model, *output)
        options = ["--prompt", "Ann says:", "--max-new-tokens", "20", "--samples", "2", "--json"]
        recorder.call(f"{name}-generate", "generate", model, *options, "--top-k", "50")
        recorder.keep_folder(name)


def record_commands(recorder: Recorder) -> None:
    recorder.call("explain", "explain", "base.yaml", "--json", "--no-trial")
    recipe = "Documentation/Recipes/knights-and-knaves.yaml"
    recorder.call("explain-recipe", "explain", recipe, "--no-trial")
    recorder.call("evaluate", "evaluate", "base.yaml")
    recorder.call("evaluate-run", "evaluate", "runs/recipe", "--json")
    for use, settings in SCORES.items():
        name = Path(use).name.split(".")[0]
        options = ["--input", "answers.jsonl", *sets(*settings)]
        recorder.call(f"score-{name}", "reward", "score", "--use", use, *options)
    recorder.call("plugin-reference", "plugin", "reference")
    paths = [
        word
        for folder in ("LengthAware", "DampUnlikely", "ClippedRatio")
        for word in ("--plugin-path", f"{FOREIGN}/{folder}")
    ]
    recorder.call("plugin-list", "plugin", "list", *paths)
    listed = recorder.call("plugin-list-json", "plugin", "list", "--json", *paths)
    for name in [json.loads(line)["name"] for line in listed.splitlines()]:
        recorder.call(f"plugin-info-{name}", "plugin", "info", name, *paths)
        options = [*sets(*REQUIRED.get(name, [])), *paths]
        recorder.call(f"plugin-check-{name}", "plugin", "check", "--json", name, *options)
    for number, arguments in enumerate(WRONG, 1):
        recorder.call(f"wrong-{number}", *arguments, status=2)


def record(program: Path, output: Path) -> int:
    output.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        recorder = Recorder(program.resolve(), Path(folder).resolve(), output)
        prepare(recorder.work)
        record_runs(recorder)
        record_again(recorder)
        record_models(recorder)
        record_commands(recorder)
    for fault in recorder.faults:
        print(fault)
    print(f"{sum(path.is_file() for path in output.rglob('*'))} artefacts in {output}")
    return 1 if recorder.faults else 0


def difference(one: list[str], other: list[str]) -> list[str]:
    """A short diff of the lines around the first that differ."""
    pairs = zip(one, other, strict=False)
    first = next((line for line, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    part = slice(max(0, first - 2), first + 12)
    lines = list(difflib.unified_diff(one[part], other[part], n=2, lineterm=""))[3:20]
    return [f"line {first + 1} of {len(one)} and {len(other)}", *(line[:300] for line in lines)]


def compare(one: Path, other: Path) -> int:
    names = {
        path.relative_to(root).as_posix()
        for root in (one, other)
        for path in root.rglob("*")
        if path.is_file()
    }
    differing = 0
    for name in sorted(names):
        missing = [str(root) for root in (one, other) if not (root / name).is_file()]
        if missing:
            print(f"=== {name}: not in {missing[0]}")
            differing += 1
            continue
        texts = [(root / name).read_text() for root in (one, other)]
        if texts[0] != texts[1]:
            print(f"=== {name}", *difference(*(text.split("\n") for text in texts)), sep="\n")
            differing += 1
    print(f"{differing} of {len(names)} artefacts differ")
    return 1 if differing or not names else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="run a program and keep what it computes")
    recording.add_argument("program", type=Path)
    recording.add_argument("output", type=Path)
    comparing = commands.add_parser("compare", help="print the artefacts that differ")
    comparing.add_argument("one", type=Path)
    comparing.add_argument("other", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "record":
        return record(arguments.program, arguments.output)
    return compare(arguments.one, arguments.other)


if __name__ == "__main__":
    sys.exit(main())
