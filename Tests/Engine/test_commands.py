"""Every command on the policy torch."""

from __future__ import annotations

import json
import os
import sys

import pytest
from conftest import FIXTURES, START, Fulcrum, configuration, lines, torch_options, torch_policy


def test_generate_draws_what_the_embedded_policy_draws(fulcrum: Fulcrum) -> None:
    text = "Anna says: Ben is a knave. Ben says: we are both knights."
    prompt = fulcrum.write("prompt.txt", text)
    common = ["--prompt-file", prompt, "--samples", "4", "--max-new-tokens", "40", "--json"]
    ours = fulcrum.run("generate", START, *torch_options(), *common)
    theirs = fulcrum.run("generate", START, "--use", "transformer", *common)
    texts = [[json.loads(line)["completion"] for line in one.splitlines() if line.startswith("{")]
             for one in (ours, theirs)]  # fmt: skip
    assert len(texts[0]) == 4
    assert texts[0] == texts[1]


def test_model_info(fulcrum: Fulcrum) -> None:
    text = fulcrum.run("model", "info", FIXTURES / "tiny-qwen3", *torch_options(), "--json")
    facts = json.loads([line for line in text.splitlines() if line.startswith("{")][-1])
    assert facts["family"] == "qwen3" and facts["layers"] == 2


def test_explain_reads_no_weights(fulcrum: Fulcrum) -> None:
    folder = fulcrum.folder / "model"
    folder.mkdir()
    for stem in ("config", "tokenizer", "tokenizer_config", "generation_config"):
        name = f"{stem}.json"
        if (START / name).exists():
            (folder / name).write_bytes((START / name).read_bytes())
    path = fulcrum.write("run.yaml", configuration(torch_policy(folder), steps=2))
    text = fulcrum.run("explain", path, "--no-trial")
    assert "memory, each process" in text and "moments" in text


def test_evaluate_a_checkpoint_of_a_run(fulcrum: Fulcrum) -> None:
    path = fulcrum.write("run.yaml", configuration(torch_policy(START), steps=1))
    fulcrum.run("train", path, "--set", "output=run")
    text = fulcrum.run("evaluate", path, "--checkpoint", "run/checkpoints/step-1")
    assert "2 people" in text


def test_sft(fulcrum: Fulcrum) -> None:
    text = "\n".join(
        [
            "task: {use: knights-and-knaves, people: [2]}",
            f"policy: {torch_policy(START)}",
            "warm-start: {demonstrations: 64, batch: 8, learning-rate: 1.0e-4}",
            "",
        ]
    )
    fulcrum.run("sft", fulcrum.write("sft.yaml", text), "--set", "output=model")
    assert (fulcrum.folder / "model/model.safetensors").exists()


def test_microscope(fulcrum: Fulcrum) -> None:
    path = fulcrum.write("run.yaml", configuration(torch_policy(START), steps=1))
    fulcrum.run("train", path, "--set", "output=run")
    fulcrum.run("microscope", "run", "--output", "findings.json")
    findings = json.loads((fulcrum.folder / "findings.json").read_text())
    assert findings


def test_arms_and_their_comparison(fulcrum: Fulcrum) -> None:
    extra = ["arms:", "  - GRPO=advantage=[grpo];schedule=single"]
    path = fulcrum.write("run.yaml", configuration(torch_policy(START), steps=1, extra=extra))
    text = fulcrum.run("arms", path, "--seeds", "2", "--set", "output=arms")
    assert "GRPO" in text


def test_bench(fulcrum: Fulcrum) -> None:
    text = fulcrum.run(
        "bench", *torch_options(checkpoint=FIXTURES / "tiny-llama"), "--prompts", "2",
        "--prompt-tokens", "16", "--completion-tokens", "16",
    )  # fmt: skip
    assert "tokens/s" in text


@pytest.mark.skipif("FULCRUM_QUICK" in os.environ, reason="takes five minutes")
def test_plugin_check(fulcrum: Fulcrum) -> None:
    parameters = {"checkpoint": FIXTURES / "tiny-llama", "python": sys.executable}
    options = [f"--set=torch.{name}={value}" for name, value in parameters.items()]
    text = fulcrum.run("plugin", "check", "torch", *options, "--time-limit", "300")
    assert " 0 faults" in text


def test_what_a_run_records(fulcrum: Fulcrum) -> None:
    path = fulcrum.write("run.yaml", configuration(torch_policy(START), steps=2))
    fulcrum.run("train", path, "--set", "output=run")
    steps = lines(fulcrum.folder / "run/metrics.jsonl")
    assert [one["step"] for one in steps] == [1, 2]
    # Sampling and training run the same passes in f32: the difference is rounding.
    assert all(one["sampling/logp_difference/max"] < 1e-4 for one in steps)
