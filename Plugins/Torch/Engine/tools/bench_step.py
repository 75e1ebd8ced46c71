"""Times the engine beside TRL's GRPOTrainer, or its decoding beside transformers' generate.

    python bench_step.py FOLDER --prompts 2 --samples 8 --new 128 --threads 2
    python bench_step.py FOLDER --decode

Both take turns in one process on the same model and prompts; every completion has the same length.
Without trl the engine is timed alone. It ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ALLOCATORS = ("/usr/lib/*/libtcmalloc_minimal.so.4", "/usr/lib/*/libtcmalloc.so.4")
_QUESTION = (
    "Anna, Ben and Clara live on an island where everybody is a knight, who always tells the"
    " truth, or a knave, who always lies. Anna says: Ben is a knave if Clara is a knight. Ben says:"
    " {number} of us are knaves. Who is what? "
)


def main() -> int:
    """Gives the exit status."""
    options = _options()
    _prepare(options)
    import torch

    torch.set_num_threads(options.threads)
    result = _decode(options) if options.decode else _step(options)
    result |= {
        "model": options.folder.name,
        "threads": options.threads,
        "allocator": "tcmalloc" if "tcmalloc" in os.environ.get("LD_PRELOAD", "") else "default",
        "load": os.getloadavg()[0],
        "peak GiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "torch": torch.__version__,
    }
    print(json.dumps(result))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="a checkpoint")
    parser.add_argument("--prompts", type=int, default=2)
    parser.add_argument("--samples", type=int, default=8, help="of each prompt")
    parser.add_argument("--new", type=int, default=128, help="tokens of every completion")
    parser.add_argument("--prompt-tokens", type=int, default=160)
    parser.add_argument("--kl", type=float, default=0.001, help="0: no reference")
    parser.add_argument("--turns", type=int, default=3, help="after one to warm up")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--decode", action="store_true", help="decoding alone")
    parser.add_argument("--alone", action="store_true", help="without the peer")
    parser.add_argument("--allocator", help="a library to preload; default: tcmalloc if there is")
    return parser.parse_args()


def _prepare(options: argparse.Namespace) -> None:
    """Starts over with threads and allocator in the environment, where they take effect."""
    wanted = {
        "OMP_NUM_THREADS": str(options.threads),
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    found = [file for pattern in _ALLOCATORS for file in sorted(glob.glob(pattern))]
    allocator = options.allocator or (found[0] if found else None)
    if allocator and "LD_PRELOAD" not in os.environ:
        wanted["LD_PRELOAD"] = allocator
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, *sys.argv])


def _texts(tokenizer: Any, count: int, tokens: int) -> list[str]:
    """Returns different prompts of about so many tokens."""
    texts = []
    for number in range(count):
        text = _QUESTION.format(number=number) * (1 + tokens // 16)
        texts.append(tokenizer.decode(tokenizer(text).input_ids[:tokens], skip_special_tokens=True))
    return texts


def _step(options: argparse.Namespace) -> dict[str, Any]:
    from engine_step import PHASES, GroupStep, make_engine

    engine = make_engine(options.folder, device=options.device, precision=options.precision)
    texts = _texts(engine.source.tokenizer, options.prompts, options.prompt_tokens)
    prompts = [engine.texts.encode(text) for text in texts]
    own = GroupStep(engine, prompts, options.samples, options.new, options.kl)
    ours: list[dict[str, float]] = []

    def take(step: int) -> None:
        began, used = time.perf_counter(), time.process_time()
        own.run(step)
        ours.append(
            {
                "total": time.perf_counter() - began,
                **own.seconds,
                "processor": time.process_time() - used,
            }
        )

    theirs = _trl(options, engine.source.tokenizer, texts, take)
    if theirs is None:
        for step in range(options.turns + 1):
            take(step)
    result: dict[str, Any] = {
        "bench": "GRPO step",
        "prompts": options.prompts,
        "samples": options.samples,
        "new tokens": options.new,
        "prompt tokens": [len(prompt) for prompt in prompts],
        "kl": options.kl,
        "precision": options.precision,
        "engine": _fastest(ours[1:]),
        "engine totals": [round(one["total"], 3) for one in ours],
    }
    if theirs is not None:
        result["trl"] = _fastest(theirs.seconds[1:])
        result["trl totals"] = [round(one["total"], 3) for one in theirs.seconds]
        result["trl mean length"] = statistics.mean(theirs.lengths)
        result["ratio"] = round(result["trl"]["total"] / result["engine"]["total"], 2)
    _print_table(result, ("total", *PHASES, "processor"))
    return result


def _trl(
    options: argparse.Namespace, tokenizer: Any, texts: list[str], take: Callable[[int], None]
) -> Any:
    """Runs TRL in turn with `take`; none if it is not to be, or not installed."""
    if options.alone:
        return None
    from trl_step import TRLSteps

    try:
        steps = TRLSteps(
            options.folder,
            tokenizer,
            texts,
            options.samples,
            options.new,
            options.kl,
            options.turns + 1,
            take,
            options.device == "cpu",
            options.precision == "bf16",
        )
    except ImportError as error:
        print(f"the engine alone: {error}")
        return None
    steps.train()
    return steps


def _fastest(steps: list[dict[str, float]]) -> dict[str, float]:
    """Returns the fastest step: what else the machine does only makes steps slower."""
    best = min(steps, key=lambda one: one["total"])
    return {name: round(value, 3) for name, value in best.items()}


def _print_table(result: dict[str, Any], rows: tuple[str, ...]) -> None:
    sides = [side for side in ("engine", "trl") if side in result]
    print(f"{'seconds':16}" + "".join(f"{side:>10}" for side in sides))
    for row in rows:
        print(f"{row:16}" + "".join(f"{result[side][row]:10.3f}" for side in sides))
    if "ratio" in result:
        print(f"ratio {result['ratio']}")


def _decode(options: argparse.Namespace) -> dict[str, Any]:
    """Decoding beside transformers' generate: the same model object, prompts and lengths."""
    import torch
    from engine_step import GroupStep, make_engine, synchronize

    engine = make_engine(options.folder, device=options.device, precision=options.precision)
    device = engine.ranks.device
    texts = _texts(engine.source.tokenizer, options.prompts, options.prompt_tokens)
    prompts = [engine.texts.encode(text)[: options.prompt_tokens] for text in texts]
    shortest = min(len(prompt) for prompt in prompts)
    prompts = [prompt[:shortest] for prompt in prompts]
    own = GroupStep(engine, prompts, options.samples, options.new, 0)
    given = torch.tensor([[int(token) for token in prompt] for prompt in prompts], device=device)
    model: Any = engine.scorer.model

    def generate(_: int) -> Any:
        with torch.no_grad():
            return model.generate(
                given,
                attention_mask=torch.ones_like(given),
                num_return_sequences=options.samples,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=options.new,
                eos_token_id=None,
                pad_token_id=0,
            )

    rows = options.prompts * options.samples
    assert len(own.sample(0).tokens) == rows * options.new
    assert generate(0).shape == (rows, shortest + options.new)
    seconds: dict[str, list[float]] = {"engine": [], "generate": []}
    used: dict[str, list[float]] = {"engine": [], "generate": []}
    for turn in range(1, options.turns + 1):
        for name, work in (("engine", own.sample), ("generate", generate)):
            began, before = time.perf_counter(), time.process_time()
            work(turn)
            synchronize(device)
            seconds[name].append(time.perf_counter() - began)
            used[name].append(time.process_time() - before)
    fastest = {name: min(values) for name, values in seconds.items()}
    tokens = rows * options.new
    result = {
        "bench": "decoding",
        "rows": rows,
        "prompt tokens": shortest,
        "new tokens": options.new,
        "precision": options.precision,
        "seconds": {name: [round(v, 3) for v in values] for name, values in seconds.items()},
        "processor seconds": {name: [round(v, 3) for v in used[name]] for name in used},
        "tokens a second": {name: round(tokens / value, 1) for name, value in fastest.items()},
        "ratio": round(fastest["generate"] / fastest["engine"], 2),
    }
    for name in seconds:
        print(f"{name:10} {fastest[name]:8.3f} s {result['tokens a second'][name]:9} tokens/s")
    print(f"ratio {result['ratio']}")
    return result


if __name__ == "__main__":
    sys.exit(main())
