"""Compares `fulcrum plan` with runs on this machine: random models, SmolLM2 if its folder is given.

    python check_plan.py --fulcrum .build/release/fulcrum --machine machine.yaml --output check.json

For each case it trains some steps by as many ranks as the case says, and plans the same
configuration with the mean length of the run's completions. Exit status 1 if a step's time is off
by more than a fifth. Rewards and what the host does are in the run's times, not in the plan's.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from random_models import Shape, write_model

METRICS = ("time/rollout", "time/scoring", "time/update")
# A plan that is off by more doesn't serve its purpose.
LIMIT = 0.2


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        name: by which it is asked for.
        shape: of the random model; none: the folder that was given.
        ranks: processes on this machine.
        policy: further parameters.
        load: prompts, samples, tokens of a prompt, of a completion, prompts of a mini-batch.
        schedule: of the update.
    """

    name: str
    shape: Shape | None
    ranks: int
    load: tuple[int, int, int, int, int]
    policy: str = ""
    schedule: str = "single"


# 10 million parameters; one token in 64 is an end.
SMALL = Shape(512, 384, 1024, 6, 6, 2)
# 34 million, and a vocabulary that takes a part of the time; few completions end by themselves.
MIDDLE = Shape(8192, 512, 1536, 8, 8, 8)
USUAL = (8, 4, 24, 96, 4)
CASES = (
    *(Case(f"small-{ranks}", SMALL, ranks, USUAL) for ranks in (1, 2, 4)),
    *(Case(f"middle-{ranks}", MIDDLE, ranks, USUAL) for ranks in (1, 2, 4)),
    Case("small-2-fsdp2", SMALL, 2, USUAL, ", shard: fsdp2"),
    Case("small-2-lopti", SMALL, 2, USUAL, schedule="{use: lopti, eta: 0.5}"),
    Case("middle-1-rows", MIDDLE, 1, (16, 4, 24, 48, 16), ", decoding-rows: 8"),
    Case("smollm2-1", None, 1, (4, 4, 24, 32, 4)),
)


def write_random(folder: Path, shape: Shape) -> Path:
    """Writes a random model; its tokenizer has a token for each letter."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    write_model(folder, shape)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    more = [f"t{number}" for number in range(len(letters), shape.vocabulary)]
    words = {word: number for number, word in enumerate(letters + more)}
    tokenizer = Tokenizer(models.BPE(words, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(folder / "tokenizer.json"))
    ends = range(shape.vocabulary - 8, shape.vocabulary)
    text = json.dumps({"eos_token_id": list(ends)})
    (folder / "generation_config.json").write_text(text)
    return folder


def configuration(case: Case, model: Path, folder: Path) -> str:
    prompts, samples, length, new, minibatch = case.load
    letters = random.Random(5)
    texts = ["".join(letters.choices(string.ascii_lowercase, k=length)) for _ in range(64)]
    data = folder / "prompts.jsonl"
    lines = (json.dumps({"prompt": text, "answer": "1"}) for text in texts)
    data.write_text("\n".join(lines) + "\n")
    launch = ""
    if case.ranks > 1:
        torchrun = Path(sys.executable).parent / "torchrun"
        launch = f', launch: ["{torchrun}", --standalone, --nproc-per-node, "{case.ranks}"]'
    return f"""
steps: 4
output: "{folder}/run"
task: {{use: jsonl, train: "{data}"}}
reward: math
policy: {{use: torch, checkpoint: "{model}", python: "{sys.executable}"{launch}{case.policy}}}
advantage: grpo
schedule: {case.schedule}
objective: [grpo, {{use: kl-penalty, beta: 0.001}}]
rollout: {{prompts: {prompts}, samples: {samples}, max-new-tokens: {new}}}
update: {{learning-rate: 1.0e-6, minibatch-prompts: {minibatch}}}
logging: {{probe: 0, tensorboard: false, samples: 0}}
evaluation: {{every: 0}}
checkpoint: {{every: 0}}
"""


def model_of(case: Case, folder: Path, smollm2: str | None) -> Path | None:
    """Returns the folder of a case's model, written if it is random; none: it isn't there."""
    if case.shape is not None:
        return write_random(folder / "model", case.shape)
    return Path(smollm2).resolve() if smollm2 else None


def take_steps(case: Case, program: str, folder: Path, smollm2: str | None) -> bool:
    """Trains, unless the folder has a run; false if the case's model isn't there."""
    if (folder / "run/metrics.jsonl").exists():
        return True
    model = model_of(case, folder, smollm2)
    if model is None:
        return False
    config = folder / "run.yaml"
    config.write_text(configuration(case, model, folder))
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    environment.pop("OMP_NUM_THREADS", None)
    command = [program, "train", str(config)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return True


def compare(case: Case, program: str, machine: str, folder: Path) -> dict[str, Any]:
    """Plans what was run, and returns both's seconds."""
    lines = (folder / "run/metrics.jsonl").read_text().splitlines()
    # The first step loads code and takes fresh memory.
    steps = [json.loads(line) for line in lines][1:]
    mean = statistics.mean(step["completions/mean_length"] for step in steps)
    planned = plan_of(program, folder / "run.yaml", machine, case, mean)
    # The least disturbed by what else the machine does.
    best = min(steps, key=lambda step: sum(step[metric] for metric in METRICS))
    return beside(case, mean, best, planned)


def plan_of(program: str, config: Path, machine: str, case: Case, mean: float) -> dict[str, float]:
    """Returns the planned seconds of each metric."""
    planning = [program, "plan", str(config), "--json", "--machine", machine]
    planning += ["--gpus", str(case.ranks), "--mean-length", str(mean)]
    planning += ["--prompt-tokens", str(case.load[2])]
    told = subprocess.run(planning, check=True, capture_output=True, text=True).stdout
    phases = json.loads(told)["plans"][0]["phases"]
    return {
        metric: sum(one["seconds"] for one in phases if one["metric"] == metric)
        for metric in METRICS
    }


def beside(
    case: Case, mean: float, run: Mapping[str, float], planned: Mapping[str, float]
) -> dict[str, Any]:
    result: dict[str, Any] = {"case": case.name, "ranks": case.ranks, "mean_length": mean}
    for metric in METRICS:
        result[metric] = {"run": run[metric], "plan": planned[metric]}
    result["sum"] = {
        side: sum(result[metric][side] for metric in METRICS) for side in ("run", "plan")
    }
    return result


def compare_own(
    case: Case, program: str, machine: str, folder: Path, model: Path
) -> dict[str, Any]:
    """Takes steps in this process on one core, and plans them: both by the process's own time.

    What else the machine does disturbs that little. All completions are as long as they may be.
    """
    from engine_step import GroupStep, make_engine
    from random_models import random_tokens

    prompts, samples, length, new, _ = case.load
    config = folder / "run.yaml"
    text = configuration(replace(case, load=(*case.load[:4], prompts)), model, folder)
    config.write_text(text + "threads: 1\n")
    engine = make_engine(model, device="cpu", threads=1)
    tokens = random_tokens(prompts, length, 100, 5)
    step = GroupStep(engine, tokens, samples, new, 0.001, clock=time.process_time)
    found: list[dict[str, float]] = []
    for number in range(4):
        step.run(number)
        found.append(step.seconds)
    best = min(found[1:], key=lambda seconds: sum(seconds.values()))
    planned = plan_of(program, config, machine, case, float(new))
    own = {
        "time/rollout": best["sampling"],
        "time/scoring": best["reference"],
        "time/update": best["training"] + best["optimizer"],
    }
    return beside(case, float(new), own, planned)


def report(result: dict[str, Any]) -> str:
    cells = [f"{result['case']:<16}"]
    for part in (*METRICS, "sum"):
        both = result[part]
        apart = both["plan"] / both["run"] - 1
        cells.append(f"{both['run']:7.3f} {both['plan']:7.3f} {100 * apart:+4.0f} %")
    return "  ".join(cells)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fulcrum", required=True, help="the program")
    parser.add_argument("--machine", default="", help="the machine file")
    parser.add_argument("--output", type=Path, help="a JSON file for the figures")
    parser.add_argument("--smollm2", help="the folder of SmolLM2-135M in f32")
    parser.add_argument(
        "--case", action="append", help="one of: " + ", ".join(c.name for c in CASES)
    )
    parser.add_argument("--keep", type=Path, help="a folder that keeps the runs, or has them")
    parser.add_argument("--no-plan", action="store_true", help="run alone, for --keep")
    parser.add_argument(
        "--own-time",
        action="store_true",
        help="take steps in this process on one core, by its own time, where a case lets it",
    )
    given = parser.parse_args()
    results = []
    print(
        f"{'case':<16}"
        + "".join(f"  {part:<22}" for part in ("rollout", "scoring", "update", "sum"))
    )
    print(" " * 16 + "      run    plan       " * 4)
    for case in CASES:
        if given.case and case.name not in given.case:
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = (given.keep / case.name if given.keep else Path(name)).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            if given.own_time:
                if (
                    case.ranks > 1
                    or case.policy
                    or not (model := model_of(case, folder, given.smollm2))
                ):
                    continue
                results.append(compare_own(case, given.fulcrum, given.machine, folder, model))
                print(report(results[-1]), flush=True)
                continue
            if not take_steps(case, given.fulcrum, folder, given.smollm2) or given.no_plan:
                continue
            results.append(compare(case, given.fulcrum, given.machine, folder))
            print(report(results[-1]), flush=True)
    if given.no_plan:
        return 0
    if given.output:
        given.output.write_text(json.dumps(results, indent=1) + "\n")
    apart = [abs(one["sum"]["plan"] / one["sum"]["run"] - 1) for one in results]
    print(f"largest difference of a step's time: {100 * max(apart):.0f} %")
    return 1 if max(apart) > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
