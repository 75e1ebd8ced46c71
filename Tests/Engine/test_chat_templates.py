"""Conversations as the host writes them, beside transformers' `apply_chat_template`.

The templates are those of the package trl (Qwen2.5, Qwen3, Llama 3, Gemma and others), and
two in this file's own words: Mistral's form, which trl has not, and SmolLM2's, which has a system
message of its own.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import FIXTURES, Fulcrum, lines, torch_options, torch_policy
from fulcrum.chat_template import ChatTemplate, read
from fulcrum.errors import Refusal
from transformers import PreTrainedTokenizerFast

TINY = FIXTURES / "tiny-qwen2"
USER = {"role": "user", "content": "  What is 6 × 7?\nSay {{ it }} in “words”. 🧮 "}
SYSTEM = {"role": "system", "content": "Be brief.\n"}
SAID = {"role": "assistant", "content": "<think>\n6 × 7\n</think>\n\n42"}
CONVERSATIONS = {
    "user": [USER],
    "system": [SYSTEM, USER],
    "turns": [USER, SAID, USER],
    "system and turns": [SYSTEM, USER, SAID, USER, SAID, USER],
    "empty": [{"role": "user", "content": ""}],
    "two users": [USER, USER],
    "system last": [USER, SYSTEM],
    "assistant last": [USER, SAID],
}
MISTRAL = (
    "{{ bos_token }}{% for turn in messages %}"
    "{% if (turn.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('users and assistants take turns') }}{% endif %}"
    "{% if turn.role == 'user' %}{{ ' [INST] ' + turn.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + turn.content + eos_token }}{% endif %}{% endfor %}"
)
SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def templates() -> dict[str, str]:
    """Every template by its name."""
    found = {"mistral": MISTRAL, "smollm2": SMOLLM2}
    for file in importlib.metadata.files("trl") or []:
        if file.suffix == ".jinja":
            found[file.stem] = Path(str(file.locate())).read_text()
    return found


TEMPLATES = templates()
NEEDED = ("qwen2_5", "qwen3", "smollm2", "llama3", "llama3_1", "llama3_2", "mistral", "gemma")


def folder_with(template: str, folder: Path, place: str) -> Path:
    """A checkpoint folder's tokenizer with the template where one kind of checkpoint has it."""
    shutil.copytree(TINY, folder, dirs_exist_ok=True)
    configuration: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|im_start|>",
        "eos_token": {"content": "<|im_end|>", "special": True, "__type": "AddedToken"},
    }
    if place == "file":
        (folder / "chat_template.jinja").write_text(template)
    else:
        configuration["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(configuration))
    return folder


def by_transformers(tokenizer: Any, messages: list[dict[str, str]], **variables: Any) -> str | None:
    """The text; None if the template refuses the messages."""
    from jinja2.exceptions import TemplateError

    try:
        text: str = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, **variables
        )
    except (TemplateError, TypeError):
        return None
    return text


def by_us(template: ChatTemplate, messages: list[dict[str, str]]) -> str | None:
    try:
        return template.render(messages)
    except Refusal:
        return None


def test_the_known_families_are_there() -> None:
    assert set(NEEDED) <= TEMPLATES.keys()


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_same_text_as_transformers(name: str, tmp_path: Path) -> None:
    # Every other one in a file of its own: both places read one template alike.
    place = ("file", "key")[sorted(TEMPLATES).index(name) % 2]
    folder = folder_with(TEMPLATES[name], tmp_path / "model", place)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    template = read(folder, {})
    assert template is not None
    texts = [by_transformers(tokenizer, messages) for messages in CONVERSATIONS.values()]
    assert [by_us(template, messages) for messages in CONVERSATIONS.values()] == texts
    assert any(texts)


@pytest.mark.parametrize("value", [True, False])
def test_arguments_reach_the_template(value: bool, tmp_path: Path) -> None:
    folder = folder_with(TEMPLATES["qwen3"], tmp_path / "model", "file")
    template = read(folder, {"enable_thinking": value})
    assert template is not None
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    text = by_transformers(tokenizer, [USER], enable_thinking=value)
    assert template.render([USER]) == text
    assert ("<think>\n\n</think>" in str(text)) != value


# The engine's text is transformers' own; starting it for each takes long.
@pytest.mark.parametrize(
    ("name", "policy"),
    [(name, "transformer") for name in NEEDED]
    + [(name, "torch") for name in ("qwen2_5", "llama3", "mistral")],
)
def test_both_policies_write_that_text(name: str, policy: str, fulcrum: Fulcrum) -> None:
    folder = folder_with(TEMPLATES[name], fulcrum.folder / "model", "key")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    messages = [USER, SAID, USER]
    (fulcrum.folder / "messages.json").write_text(json.dumps(messages))
    options = torch_options() if policy == "torch" else ["--use", policy]
    said = json.loads(
        fulcrum.run(
            "generate",
            "model",
            *options,
            "--messages",
            "messages.json",
            "--json",
            "--max-new-tokens",
            "1",
        )
    )
    text = by_transformers(tokenizer, messages)
    assert said["prompt"] == text
    assert said["prompt_tokens"] == tokenizer.encode(text, add_special_tokens=False)


def test_a_models_folder_published_rows_and_a_system_prompt_train_by_either_policy(
    fulcrum: Fulcrum,
) -> None:
    """Qwen2.5-Instruct's folder in small, verl's GSM8K rows: three steps without a line of code."""
    folder = folder_with(TEMPLATES["qwen2_5"], fulcrum.folder / "model", "file")
    with open(fulcrum.folder / "rows.jsonl", "w") as file:
        for i in range(12):
            asked = {"role": "user", "content": f"A shelf holds {i} jars, and one more. How many?"}
            row = {
                "data_source": "openai/gsm8k",
                "prompt": [asked],
                "reward_model": {"style": "rule", "ground_truth": str(i + 1)},
                "extra_info": {"index": i},
            }
            file.write(json.dumps(row) + "\n")
    prompts = {}
    for name, policy in (
        ("transformer", f"{{use: transformer, checkpoint: {folder}}}"),
        ("torch", torch_policy(folder)),
    ):
        config = fulcrum.write(
            f"{name}.yaml",
            "steps: 3\nseed: 2\ntask: {use: jsonl, train: rows.jsonl,"
            " answer-key: reward_model.ground_truth, category-key: data_source}\n"
            'chat: {system: "Put the answer in \\\\boxed{}."}\n'
            f"policy: {policy}\nreward: math\nadvantage: grpo\nobjective: grpo\n"
            "rollout: {prompts: 2, samples: 2, max-new-tokens: 8}\nevaluation: {items: 0}\n"
            f"output: {name}\n",
        )
        fulcrum.run("train", config)
        assert len(lines(fulcrum.folder / name / "metrics.jsonl")) == 3
        prompts[name] = [
            row["prompt"]
            for step in (1, 2, 3)
            for row in lines(fulcrum.folder / name / f"samples/step-{step}.jsonl")
        ]
    assert prompts["transformer"] == prompts["torch"]
    beginning = (
        "<|im_start|>system\nPut the answer in \\boxed{}.<|im_end|>\n<|im_start|>user\nA shelf"
    )
    assert all(prompt.startswith(beginning) for prompt in prompts["torch"])
