"""Prompts that are messages, demonstrations from files: runs of the built program."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import START, Fulcrum, configuration, lines

pytest.importorskip("jinja2")

TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + ': ' + m.content | trim + '<|im_end|>' }}"
    "{% if m.content == 'never' %}{{ raise_exception('not this') }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>' + who | default('it') + ':' }}{% endif %}"
)
SMALL = {"rollout": "{prompts: 4, samples: 2, max-new-tokens: 8}", "evaluation": "{items: 4}"}


def rows(fulcrum: Fulcrum, name: str, contents: list[str], **keys: Any) -> None:
    """A file with a conversation a line."""
    with open(fulcrum.folder / name, "w") as file:
        for content in contents:
            row = {"prompt": [{"role": "user", "content": content}], "answer": "1", **keys}
            file.write(json.dumps(row) + "\n")


def with_template(fulcrum: Fulcrum) -> Path:
    """A checkpoint with a template that the policy does not know."""
    folder = fulcrum.folder / "model"
    shutil.copytree(START, folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def text(fulcrum: Fulcrum, **keys: str) -> Path:
    task = "{use: jsonl, train: rows.jsonl}"
    small = {**SMALL, "task": task, "reward": "math", **keys}
    return fulcrum.write("c.yaml", configuration(steps=1, advantage="grpo", **small))


def test_the_checkpoints_own_template_writes_prompts(fulcrum: Fulcrum) -> None:
    model = with_template(fulcrum)
    rows(fulcrum, "rows.jsonl", [f" {i} + 1? " for i in range(8)])
    policy = f"{{use: transformer, checkpoint: {model}}}"
    chat = "{system: Be brief., arguments: [who=assistant]}"
    config = text(fulcrum, policy=policy, chat=chat)
    said = json.loads(fulcrum.run("explain", config, "--no-trial", "--json"))
    expected = (
        "<|im_start|>system: Be brief.<|im_end|><|im_start|>user: 0 + 1?<|im_end|>"
        "<|im_start|>assistant:"
    )
    assert said["first_prompt"] == expected
    shown = fulcrum.run("explain", config, "--no-trial")
    assert "  | " + expected in shown
    assert "  tokens " + " ".join(map(str, said["first_prompt_tokens"][:64])) in shown
    fulcrum.run("train", config, "--set", "output=run")
    prompt = lines(fulcrum.folder / "run/samples/step-1.jsonl")[0]["prompt"]
    assert prompt.startswith("<|im_start|>system: Be brief.<|im_end|><|im_start|>user: ")
    assert prompt.endswith(" + 1?<|im_end|><|im_start|>assistant:")
    # A checkpoint of the run has the template too.
    kept = fulcrum.folder / "run/checkpoints/step-1/chat_template.jinja"
    assert kept.read_text() == TEMPLATE
    fulcrum.run("resume", "run", "--steps", "2")
    prompt = lines(fulcrum.folder / "run/samples/step-2.jsonl")[0]["prompt"]
    assert prompt.startswith("<|im_start|>system: Be brief.<|im_end|><|im_start|>user: ")


def test_messages_that_the_template_refuses_are_named(fulcrum: Fulcrum) -> None:
    model = with_template(fulcrum)
    rows(fulcrum, "rows.jsonl", ["1", "2", "never", "4"])
    config = text(fulcrum, policy=f"{{use: transformer, checkpoint: {model}}}")
    said = fulcrum.run("train", config, "--set", "output=run", status=1)
    assert "rows.jsonl:3: chat.template: the chat template refuses the messages: not this" in said
    assert not (fulcrum.folder / "run/metrics.jsonl").exists()


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for %}", "the chat template is none that Jinja reads: "),
        ("{{ messages.__class__.__mro__ }}", "access to attribute '__class__'"),
        ("{{ 1 / 0 }}", "the chat template refuses the messages: division by zero"),
        ("{{ 'a' * 10000000000 }}", "MemoryError"),
        ("{{ 'a' * 20000000 }}", "the chat template writes 20000000 characters, at most 16777216"),
    ],
)
def test_templates_that_fail(fulcrum: Fulcrum, template: str, message: str) -> None:
    fulcrum.write("own.jinja", template)
    rows(fulcrum, "rows.jsonl", ["1", "2"])
    config = text(fulcrum, chat="{template: ./own.jinja}")
    assert message in fulcrum.run("train", config, "--set", "output=run", status=1)


def test_an_argument_that_the_template_does_not_read_is_told(fulcrum: Fulcrum) -> None:
    model = with_template(fulcrum)
    rows(fulcrum, "rows.jsonl", ["1", "2"])
    policy = f"{{use: transformer, checkpoint: {model}}}"
    config = text(fulcrum, policy=policy, chat="{arguments: [whom=it]}")
    said = fulcrum.run("explain", config, status=1)
    assert "the chat template reads no argument 'whom'" in said and "it reads who" in said


def test_a_warm_start_takes_nothing_away(fulcrum: Fulcrum) -> None:
    fulcrum.write(
        "pairs", '{"prompt": "1?", "completion": {"role": "assistant", "content": "1"}}\n'
    )
    config = fulcrum.write(
        "sft.yaml",
        "task: {use: jsonl, train: pairs, answer-key: ''}\n"
        f"policy: {{use: transformer, checkpoint: {START}}}\n",
    )
    (fulcrum.folder / "mine").mkdir()
    fulcrum.write("mine/notes", "precious")
    for path in ("mine", "sft.yaml", ".", "/proc/none/x"):
        status = 1 if path == "/proc/none/x" else 2
        said = fulcrum.run("sft", config, "--set", f"output={path}", status=status)
        assert "1/1" not in said, path
    assert "expected a path where nothing is yet" in fulcrum.run(
        "sft", config, "--set", "output=mine", status=2
    )
    assert (fulcrum.folder / "mine/notes").read_text() == "precious" and config.is_file()
    for path in ("x", "deep/y/"):
        fulcrum.run("sft", config, "--set", f"output={path}")
        assert (fulcrum.folder / path / "model.safetensors").is_file()


def test_without_jinja_the_package_is_named(
    fulcrum: Fulcrum, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = with_template(fulcrum)
    rows(fulcrum, "rows.jsonl", ["1", "2"])
    # Python with its own library and no packages.
    python = fulcrum.write("python", '#!/bin/sh\nexec /usr/bin/env python3 -S "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv("FULCRUM_PYTHON", str(python))
    config = text(fulcrum, policy=f"{{use: transformer, checkpoint: {model}}}")
    said = fulcrum.run("explain", config, status=2)
    assert "has no usable package 'jinja2'" in said and "-m pip install jinja2" in said


def test_a_template_that_writes_the_date_is_told(fulcrum: Fulcrum) -> None:
    fulcrum.write(
        "own.jinja", "{{ date | default(strftime_now('%d %b %Y')) }}: {{ messages[0].content }}"
    )
    rows(fulcrum, "rows.jsonl", ["1", "2"])
    config = text(fulcrum, chat="{template: ./own.jinja}")
    assert "writes today's date" in fulcrum.run("explain", config, "--no-trial")


def test_what_nothing_reads_is_told(fulcrum: Fulcrum) -> None:
    fulcrum.write("rows.jsonl", '{"prompt": "1 + 1?", "answer": "2"}\n' * 4)
    said = fulcrum.run("explain", text(fulcrum, chat="{system: Be brief.}"), "--no-trial")
    assert "chat.system is set, but every prompt is a text" in said


def test_another_template_is_other_data(fulcrum: Fulcrum) -> None:
    fulcrum.write("own.jinja", TEMPLATE)
    rows(fulcrum, "rows.jsonl", ["1", "2"])
    fulcrum.run("train", text(fulcrum, chat="{template: ./own.jinja}"), "--set", "output=run")
    fulcrum.write("own.jinja", TEMPLATE + " ")
    said = fulcrum.run("resume", "run", "--steps", "2", status=2)
    assert "own.jinja: the file has changed since the run read it" in said


def test_a_text_becomes_a_users_message(fulcrum: Fulcrum) -> None:
    fulcrum.write("rows.jsonl", '{"prompt": "1 + 1?", "answer": "2"}\n' * 4)
    config = text(fulcrum, chat="{wrap-texts: true, template: chatml}")
    said = json.loads(fulcrum.run("explain", config, "--no-trial", "--json"))
    assert said["first_prompt"] == ("<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n")


def test_generate_shows_the_prompt(fulcrum: Fulcrum) -> None:
    with_template(fulcrum)
    fulcrum.write("m.json", '{"messages": [{"role": "user", "content": "Hi"}]}')
    said = fulcrum.run(
        "generate", "model", "--messages", "m.json", "--max-new-tokens", "1", "--show-prompt"
    )
    assert "prompt: <|im_start|>user: Hi<|im_end|><|im_start|>it:\n" in said and " tokens: " in said
    fulcrum.write("m.json", '[{"role": "robot", "content": "Hi"}]')
    said = fulcrum.run("generate", "model", "--messages", "m.json", status=2)
    assert "m.json: expected a JSON list of messages, got [{" in said


@pytest.mark.parametrize("use", ["jsonl", "parquet"])
def test_own_demonstrations(fulcrum: Fulcrum, use: str) -> None:
    turns = [
        {"messages": [{"role": "user", "content": f"{a} + {b} ="},
                      {"role": "assistant", "content": str(a + b)}]}
        for a in range(12) for b in range(5)
    ]  # fmt: skip
    parts = {"train": turns[::3] + turns[1::3], "dev": turns[2::3]}
    for name, part in parts.items():
        if use == "parquet":
            arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
            parquet.write_table(arrow.Table.from_pylist(part), fulcrum.folder / name)
        else:
            fulcrum.write(name, "".join(json.dumps(row) + "\n" for row in part))
    keys = "prompt-key: messages, answer-key: ''"
    config = fulcrum.write(
        "sft.yaml",
        f"task: {{use: {use}, train: {'train' if use == 'jsonl' else '[train]'}, {keys},"
        f" held-out: {'dev' if use == 'jsonl' else '[dev]'}}}\n"
        f"policy: {{use: transformer, checkpoint: {START}}}\n"
        "chat: {system: Add.}\n"
        "warm-start: {epochs: 5, batch: 8, learning-rate: 1.0e-3, every: 10}\noutput: start\n",
    )
    said = fulcrum.run("sft", config)
    assert "40 demonstrations, and 20 held out" in said
    kept = lines(fulcrum.folder / "start/sft.jsonl")
    assert [row["step"] for row in kept if "loss" in row] == list(range(1, 26))
    measured = [row for row in kept if "held_out/loss" in row]
    assert [row["step"] for row in measured] == [0, 10, 20, 25]
    assert measured[-1]["held_out/loss"] < measured[0]["held_out/loss"] / 2
    assert measured[-1]["held_out/token_accuracy"] > measured[0]["held_out/token_accuracy"]
    again = fulcrum.run("sft", config, "--set", "output=again", "--set", "threads=1")
    assert "checkpoint again" in again
    weights = [(fulcrum.folder / f / "model.safetensors").read_bytes() for f in ("start", "again")]
    assert weights[0] == weights[1]
    # The start is a checkpoint like any other.
    fulcrum.run(
        "generate", "start", "--prompt", "3 + 4 =", "--chat", "template", "--temperature", "0"
    )
