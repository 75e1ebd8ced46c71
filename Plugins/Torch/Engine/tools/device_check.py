"""Checks the engine on a machine, in ten minutes at most: exactness, speed, memory, several ranks.

    python device_check.py --output check.json
    python device_check.py --device cpu --small

It needs no network. Every part is a process of its own with a time of its own, so that one that
fails or hangs doesn't stop the others. The exit status is 1 if a check failed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
import transformers
from check_exactness import check_bf16, check_f32, check_sampling
from check_ranks import check_ranks
from check_report import Findings, Row, as_objects, as_table
from check_speed import Load, check_flash_attention, check_peers, check_speed
from check_vllm import check_vllm
from random_models import HALF_BILLION, HUNDRED_MILLION, SMALL, SMALL_OF_WIDE_HEADS, write_model

FIXTURES = Path(__file__).resolve().parents[4] / "Tests" / "Fixtures"
TINY = ("tiny-llama", "tiny-qwen2", "tiny-qwen3")


@dataclass(frozen=True)
class Part:
    """One part of the check.

    Attributes:
        seconds: that it may take.
        run: does it.
    """

    name: str
    seconds: float
    run: Callable[[Findings], None]


def main() -> int:
    """Gives the exit status."""
    options = _options()
    began = time.monotonic()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        for part in _parts(options, Path(scratch)):
            left = 60 * options.minutes - (time.monotonic() - began)
            found = _run(part, min(part.seconds, left), Path(scratch), options.threads)
            print(as_table(found), end="\n\n", flush=True)
            rows += found
    print(as_table(rows))
    if options.output:
        options.output.write_text(json.dumps(as_objects(rows), ensure_ascii=False, indent=1))
    failed = sum(row.status == "failed" for row in rows)
    checks = failed + sum(row.status == "ok" for row in rows)
    print(f"\n{checks} checks, {failed} failed, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--small", action="store_true", help="small models, for a quick trial")
    parser.add_argument("--minutes", type=float, default=10, help="all parts together")
    parser.add_argument("--threads", type=int, default=0, help="0: as PyTorch sets them")
    parser.add_argument("--output", type=Path, help="write the findings here as JSON")
    parser.add_argument("--parts", help="these alone, with commas between them")
    parser.add_argument("--vllm-python", default="", help="an interpreter with vLLM; else this")
    return parser.parse_args()


def _parts(options: argparse.Namespace, scratch: Path) -> list[Part]:
    device, small = options.device, options.small
    tiny = TINY[:1] if small else TINY
    models = {name: FIXTURES / name for name in tiny if (FIXTURES / name).is_dir()}
    middle, large = scratch / "middle", scratch / "large"
    models["random"] = middle
    length = 24 if small else 128
    load = Load(2, 4, 16, 16, "f32") if small else Load(8, 8, 128, 256, "bf16")

    def write(findings: Findings) -> None:
        _environment(findings, options)
        write_model(middle, SMALL if small else HUNDRED_MILLION)
        write_model(large, SMALL if small else HALF_BILLION)

    def flash(findings: Findings) -> None:
        if device != "cuda" or importlib.util.find_spec("flash_attn") is None:
            findings.skip("flash_attention_2", "there is no CUDA device, or no package flash_attn")
        else:
            check_flash_attention(findings, middle, device, length)

    def vllm(findings: Findings) -> None:
        if not options.vllm_python and importlib.util.find_spec("vllm") is None:
            findings.skip("sampling by vLLM", "vllm is not installed; see --vllm-python")
            return
        folder = large
        if small:
            folder = write_model(scratch / "vllm", SMALL_OF_WIDE_HEADS)
        check_vllm(findings, folder, device, options.vllm_python, small)

    parts = [
        Part("machine", 120, write),
        Part("exactness", 120, lambda f: check_f32(f, models, device, length)),
        Part("bf16", 60, lambda f: check_bf16(f, middle, device, length)),
        Part("sampling", 90, lambda f: check_sampling(f, models, device, 16 if small else 32)),
        Part("speed", 120, lambda f: check_speed(f, large, device, load)),
        Part("peers", 180, lambda f: check_peers(f, large, device, load)),
        Part("ranks", 180, lambda f: check_ranks(f, middle, device, length, 55, scratch)),
        Part("flash attention", 60, flash),
        Part("vllm", 240, vllm),
    ]
    chosen = (options.parts or "").split(",") if options.parts else None
    return [part for part in parts if chosen is None or part.name in (*chosen, "machine")]


def _environment(findings: Findings, options: argparse.Namespace) -> None:
    findings.figure(
        "python, torch, transformers",
        ", ".join((platform.python_version(), torch.__version__, transformers.__version__)),
    )
    if options.device == "cpu":
        findings.figure("device", f"processor, {torch.get_num_threads()} threads")
        return
    if not torch.cuda.is_available():
        findings.fail("device", "PyTorch finds no CUDA device; --device cpu checks the processor")
        return
    facts = torch.cuda.get_device_properties(0)
    count = torch.cuda.device_count()
    findings.figure("device", f"{count} × {facts.name}, {facts.total_memory / 2**30:.0f} GiB")


def _run(part: Part, seconds: float, scratch: Path, threads: int) -> list[Row]:
    """Runs a part in a process of its own; gives what it found, also if it failed or hung."""
    findings = Findings(part.name)
    if seconds <= 1:
        findings.fail("time", "the time of all parts is used up; see --minutes")
        return findings.rows
    file = scratch / "rows.json"
    file.unlink(missing_ok=True)
    # Forked, so that libraries are loaded once; no part has used a device in this process.
    process = multiprocessing.get_context("fork").Process(target=_work, args=(part, file, threads))
    began = time.monotonic()
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        findings.fail("time", f"not done after {seconds:.0f} s")
    elif not file.is_file():
        findings.fail("process", f"it ended with {process.exitcode} and wrote nothing")
    if file.is_file():
        findings.rows += [Row(**row) for row in json.loads(file.read_text())]
    findings.figure("time of the part, s", time.monotonic() - began)
    return findings.rows


def _work(part: Part, file: Path, threads: int) -> None:
    findings = Findings(part.name)
    if threads:
        torch.set_num_threads(threads)
    try:
        part.run(findings)
    except Exception as error:
        traceback.print_exc()
        findings.fail("error", f"{type(error).__name__}: {error}")
    file.write_text(json.dumps(as_objects(findings.rows)))


if __name__ == "__main__":
    sys.exit(main())
