#!/usr/bin/env python3
"""Kills a training run again and again, and compares what comes out with a run that never stopped.

Usage: chaos.py [KILLS [SEED]]

A small run is trained once without a stop. Then runs of the same configuration are killed with
kill -9 at random moments and resumed each time, until KILLS kills were made and the last run has
ended. After some kills the newest checkpoint is damaged: a bit flipped, a file cut or removed. Every
file of every run that was killed must be the first run's, bit for bit; of metrics.jsonl and of
TensorBoard's events all but the fields of the clock. Exit status 1, and the runs stay for inspection,
if anything is not.

A run's second reward, meddler.c, is worth nothing. In some lives it ends the process, hangs or prints:
the first must be told, the second must end at the second Ctrl-C, and what is printed must not be in
the run's own output.

The seed decides the plan: which moments are aimed at, which files are damaged. Where a kill lands
depends on the machine too, so it is read off what the kill left behind.
"""

import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

STEPS = 24
KEEP = 3
EVALUATE_EVERY = 6
TASK = "task: {use: knights-and-knaves, people: [2], names: 4, trace: short}\n"
START = TASK + """\
policy: {use: transformer, vocabulary: 300, width: 64, layers: 2, heads: 2, context: 224}
warm-start: {demonstrations: 1500, batch: 20, learning-rate: 5e-3}
threads: 1
"""
RUN = TASK + f"""\
policy: {{use: transformer, checkpoint: start}}
steps: {STEPS}
seed: 7
threads: 1
plugin-path: ["."]
reward: [{{use: knights-and-knaves}}, {{use: meddler, weight: 0}}]
advantage: [{{use: grpo}}, {{use: advantage-reweighting}}]
schedule: lopti
objective: [{{use: grpo}}, {{use: kl-penalty, beta: 0.01}}]
rollout: {{prompts: 8, samples: 16, max-new-tokens: 60}}
update: {{minibatch-prompts: 4, learning-rate: 1e-3}}
reference: {{update-every: 4}}
evaluation: {{items: 96, temperature: 1, every: {EVALUATE_EVERY}}}
checkpoint: {{every: 1, keep: {KEEP}}}
logging: {{record: true}}
"""
CLOCK = ("step_time", "tokens_per_second")
PHASES = ("start-up", "evaluation", "sampling", "update", "records", "checkpoint write", "the end")
# A life that takes longer hangs.
LIMIT = 120
# What meddler.c prints. No line of Fulcrum's own holds it: a speed of 31000 tokens/s holds "1000".
WORDS = b'{"step": 1, "reward": 1000}'


class Failure(Exception):
    pass


def worker(process):
    """The process that works while this one watches it; itself while there is none."""
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        children = file.read().split()
    return int(children[0]) if children else process.pid


def is_alive(number):
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def names(folder):
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def steps(folder, suffix=""):
    """The numbers of a folder's entries step-N, in order."""
    numbers = []
    for name in names(folder):
        middle = name[5 : len(name) - len(suffix)]
        if name.startswith("step-") and name.endswith(suffix) and middle.isdigit():
            numbers.append(int(middle))
    return sorted(numbers)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def lines(path):
    """The whole lines' objects; numbers stay the text that they are."""
    whole = read(path).split(b"\n")[:-1]
    return [
        json.loads(line, parse_float=str, parse_int=str, object_pairs_hook=list) for line in whole
    ]


def last_step(path):
    found = lines(path)
    return int(dict(found[-1])["step"]) if found else 0


def timeless(events):
    """A TensorBoard file's records but those of the clock, without wall time, their first field."""
    records, place = [], 0
    while place < len(events):
        end = place + 12 + int.from_bytes(events[place : place + 8], "little")
        data = events[place + 12 : end]
        if len(data) < 9 or data[0] != 0x09:
            raise Failure(f"an event without wall time, or a torn one, at byte {place}")
        if b"step_time" not in data:
            records.append(data[9:])
        place = end + 4
    return records


class Run:
    """A run directory."""

    def __init__(self, path):
        self.path = path

    def place(self, *parts):
        return os.path.join(self.path, *parts)

    def checkpoints(self):
        return steps(self.place("checkpoints"))

    def unfinished(self):
        """The steps of checkpoints that are being written or removed."""
        return [n for n in names(self.place("checkpoints")) if n.endswith(".partial")]

    def tail(self):
        """What tells how far a run is."""
        return (
            self.checkpoints()[-1:],
            steps(self.place("rollouts"), ".jsonl")[-1:],
            last_step(self.place("metrics.jsonl")),
            len(read(self.place("evaluations.jsonl"))),
            self.unfinished(),
        )

    def phase(self, log, before):
        """Where a kill landed."""
        if "run directory" not in log or self.tail() == before:
            return "start-up"
        checkpoint = (self.checkpoints() or [0])[-1]
        rollout = (steps(self.place("rollouts"), ".jsonl") or [0])[-1]
        metrics = last_step(self.place("metrics.jsonl"))
        evaluations = lines(self.place("evaluations.jsonl"))
        evaluated = int(dict(evaluations[-1])["step"]) if evaluations else -1
        if self.unfinished():
            return "checkpoint write"
        if metrics > checkpoint:
            return "records"
        if rollout > checkpoint:
            return "update"
        if evaluated < 0:
            return "evaluation"
        if checkpoint % EVALUATE_EVERY == 0 and evaluated < checkpoint:
            return "evaluation"
        return "the end" if checkpoint == STEPS else "sampling"

    def content(self):
        """Every file that must be equal, by name."""
        content = {}
        for folder, folders, files in os.walk(self.path):
            folders[:] = [name for name in folders if ".damaged" not in name]
            for name in files:
                path = os.path.join(folder, name)
                content[os.path.relpath(path, self.path)] = read(path)
        events = os.path.join("tensorboard", "events.out.tfevents.fulcrum")
        content[events] = timeless(content[events])
        content.pop("run.lock", None)
        content.pop("run.stage", None)
        content["run.yaml"] = [
            line for line in content["run.yaml"].split(b"\n") if not line.startswith(b"output:")
        ]
        content["metrics.jsonl"] = [
            [(key, value) for key, value in line if key not in CLOCK and not key.startswith("time/")]
            for line in lines(self.place("metrics.jsonl"))
        ]
        return content


class Chaos:
    def __init__(self, kills, seed, program, folder):
        self.goal = kills
        self.random = random.Random(seed)
        self.program = program
        self.folder = folder
        self.kills = 0
        self.runs = 0
        self.lives = 0
        self.phases = collections.Counter()
        self.deeds = collections.Counter()
        self.damages = collections.Counter()

    def start(self, *arguments, deed=None):
        self.log, self.errors, self.mark = (
            os.path.join(self.folder, name) for name in ("out", "err", "hangs")
        )
        if os.path.exists(self.mark):
            os.remove(self.mark)
        environment = dict(os.environ)
        if deed is not None:
            # Past the manifest's example; a life has some hundred calls a step.
            call = self.random.randint(10, 600)
            environment |= {"CHAOS_DEED": deed, "CHAOS_CALL": str(call), "CHAOS_MARK": self.mark}
        self.began = time.monotonic()
        with open(self.log, "wb") as log, open(self.errors, "wb") as errors:
            return subprocess.Popen(
                [self.program, *arguments],
                cwd=self.folder, stdout=log, stderr=errors, env=environment,
            )  # fmt: skip

    def text(self):
        return (read(self.log) + read(self.errors)).decode()

    def kill(self, process):
        """Kills the process that works, or the one that watches it; waits until both are gone."""
        found = worker(process)
        os.kill(found if self.random.random() < 0.5 else process.pid, signal.SIGKILL)
        process.wait()
        while is_alive(found):
            time.sleep(0.0005)

    def whole(self, *arguments):
        """Runs to the end."""
        process = self.start(*arguments)
        try:
            status = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure(f"{arguments} hangs:\n{self.text()}") from None
        if status != 0:
            raise Failure(f"{arguments} ended with {status}:\n{self.text()}")

    def prepare(self):
        here = os.path.dirname(os.path.abspath(__file__))
        shutil.copy(os.path.join(here, "meddler.fulcrum.yaml"), self.folder)
        subprocess.run(
            ["clang", "-O2", "-shared", "-fPIC", os.path.join(here, "meddler.c"), "-o"]
            + [os.path.join(self.folder, "libmeddler.so")], check=True,
        )  # fmt: skip
        for name, text in (("start.yaml", START), ("run.yaml", RUN)):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)
        self.whole("sft", "start.yaml", "--set", "output=start")
        self.whole("train", "run.yaml", "--set", "output=whole")
        self.seconds = time.monotonic() - self.began
        run = Run(os.path.join(self.folder, "whole"))
        self.expected = run.content()
        if len(self.expected["metrics.jsonl"]) != STEPS:
            raise Failure(f"the uninterrupted run has no {STEPS} steps")
        spans = [dict(line) for line in lines(run.place("metrics.jsonl"))]
        mean = lambda key: sum(float(span[key]) for span in spans) / len(spans)
        self.sampling, self.update = mean("time/rollout"), mean("time/update")

    def aim(self, run):
        """A moment: a condition to wait for, and the seconds to wait after it."""
        done = (run.checkpoints() or [0])[-1]
        step = done + self.random.randint(1, 3)
        kind = self.random.choice(
            ("any", "evaluation", "sampling", "update", "records", "checkpoint")
        )
        if kind == "evaluation":
            step = (done // EVALUATE_EVERY + 1) * EVALUATE_EVERY
        exists = os.path.exists
        if kind in ("evaluation", "sampling"):
            # The line comes when the checkpoint is there and older ones are removed.
            line = f"checkpoints/step-{step}\n".encode()
            condition, span = lambda: line in read(self.log), 1.2 * self.sampling
        elif kind == "update":
            rollout = run.place("rollouts", f"step-{step}.jsonl")
            condition, span = lambda: exists(rollout), 1.2 * self.update
        elif kind == "records":
            sample = run.place("samples", f"step-{step}.jsonl.partial")
            condition, span = lambda: exists(sample), 0.01
        elif kind == "checkpoint":
            unfinished = run.place("checkpoints", f".step-{step}.partial")
            condition, span = lambda: exists(unfinished), 0.05
        else:
            condition, span = lambda: True, 0.4 * self.seconds
        return condition, self.random.uniform(0, span)

    def life(self, run):
        """Starts or resumes a run; kills it, unless it ends before. Whether it has ended."""
        before = run.tail()
        started = os.path.exists(run.place("run.yaml"))
        condition, delay = self.aim(run)
        deed = None
        if self.random.random() < 0.3:
            deed = self.random.choice(("exit", "_exit", "hang", "print"))
        if started:
            process = self.start("resume", run.path, deed=deed)
        else:
            process = self.start("train", "run.yaml", "--set", f"output={run.path}", deed=deed)
        self.lives += 1
        isLast = self.kills >= self.goal
        hangs = False
        # A life with a deed is left to it.
        while process.poll() is None and (isLast or deed is not None or not condition()):
            hangs = os.path.exists(self.mark)
            if hangs:
                break
            if time.monotonic() - self.began > LIMIT:
                process.kill()
                raise Failure(f"a life of {run.path} hangs:\n{self.text()}")
            time.sleep(0.0002)
        if hangs:
            for _ in range(2):
                process.send_signal(signal.SIGINT)
                time.sleep(0.5)
        elif process.poll() is None:
            time.sleep(delay)
            if process.poll() is None:
                self.kill(process)
        status = process.wait()
        log = self.text()
        self.check_fallback(run, log)
        if WORDS in read(self.log):
            raise Failure(f"a plugin's words are in the output of {run.path}:\n{log}")
        if WORDS in read(self.errors):
            self.deeds["print"] += 1
        if status == 0:
            return True
        if status == 1 and deed in ("exit", "_exit"):
            if "was ended from within, with status 0" not in log or "in reward meddler" not in log:
                raise Failure(f"nobody says who ended {run.path}:\n{log}")
            self.deeds["end"] += 1
            return False
        if hangs and status == -signal.SIGINT:
            self.deeds["hang"] += 1
            return False
        if status != -signal.SIGKILL:
            raise Failure(f"{run.path} ended with {status}:\n{log}")
        self.kills += 1
        self.phases[run.phase(log, before)] += 1
        return False

    def check_fallback(self, run, log):
        """A life that saw a damaged checkpoint has said so and went on from the one before."""
        if self.damaged is None or "run directory" not in log:
            return
        bad, good = self.damaged
        # A life can be killed between the new name and the line about it.
        if f"step-{bad}.damaged" not in log and self.lives == self.lives_at_damage + 1:
            raise Failure(f"the damage of step {bad} in {run.path} was not told:\n{log}")
        if f"going on after step {good}\n" not in log:
            raise Failure(f"expected {run.path} to go on after step {good}:\n{log}")
        if not any(name.startswith(f"step-{bad}.damaged") for name in names(run.place("checkpoints"))):
            raise Failure(f"the damaged step {bad} of {run.path} is gone")
        self.damaged = None

    def damage(self, run):
        """Sometimes: damages the newest checkpoint, if another is left."""
        found = run.checkpoints()
        if self.damaged is not None or len(found) < 2 or self.random.random() > 0.25:
            return
        folder = run.place("checkpoints", f"step-{found[-1]}")
        paths = sorted(
            os.path.join(place, name) for place, _, files in os.walk(folder) for name in files
        )
        path = self.random.choice(paths)
        data = bytearray(read(path))
        kind = self.random.choice(("bit flipped", "file cut", "file removed"))
        if kind == "bit flipped":
            bit = self.random.randrange(8 * len(data))
            data[bit // 8] ^= 1 << bit % 8
        elif kind == "file cut":
            del data[self.random.randrange(len(data)) :]
        if kind == "file removed":
            os.remove(path)
        else:
            with open(path, "wb") as file:
                file.write(data)
        self.damages[kind] += 1
        self.damaged = (found[-1], found[-2])
        self.lives_at_damage = self.lives

    def compare(self, run):
        found = run.content()
        differing = sorted(
            name
            for name in found.keys() | self.expected.keys()
            if found.get(name) != self.expected.get(name)
        )
        if differing:
            raise Failure(
                f"{run.path} differs from {self.folder}/whole in {len(differing)} files:\n  "
                + "\n  ".join(differing[:20])
            )

    def chain(self):
        """One run, from its start to its end."""
        run = Run(os.path.join(self.folder, f"run-{self.runs + 1}"))
        self.damaged = None
        while not self.life(run):
            self.damage(run)
        self.compare(run)
        self.runs += 1
        shutil.rmtree(run.path)

    def table(self, seconds):
        rows = [("kills", self.kills)]
        rows += [(f"  during {phase}", self.phases[phase]) for phase in PHASES]
        rows += [("lives in which a component", sum(self.deeds.values()))]
        rows += [(f"  {deed}s", count) for deed, count in sorted(self.deeds.items())]
        rows += [("checkpoints damaged", sum(self.damages.values()))]
        rows += [(f"  {kind}", count) for kind, count in sorted(self.damages.items())]
        rows += [("runs, each equal to the uninterrupted one", self.runs)]
        rows += [("files compared in each", len(self.expected)), ("seconds", round(seconds))]
        return "\n".join(f"{title:44}{value:6}" for title, value in rows)


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    folder = tempfile.mkdtemp(prefix="fulcrum-chaos.")
    print(f"chaos: {kills} kills, seed {seed}", flush=True)
    chaos = Chaos(kills, seed, os.path.join(root, ".build/release/fulcrum"), folder)
    began = time.monotonic()
    try:
        chaos.prepare()
        while chaos.kills < kills:
            chaos.chain()
        missed = [
            phase for phase in ("sampling", "update", "checkpoint write") if not chaos.phases[phase]
        ]
        if kills >= 50 and missed:
            raise Failure(f"no kill landed during {', '.join(missed)}")
    except Failure as failure:
        print(chaos.table(time.monotonic() - began) if hasattr(chaos, "expected") else "")
        print(f"chaos: failed with seed {seed}; the runs are in {folder}\n{failure}")
        sys.exit(1)
    print(chaos.table(time.monotonic() - began))
    shutil.rmtree(folder)


main()
