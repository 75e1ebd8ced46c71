"""What can't be read or set is one clear message."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import arrays_of
from families import make
from safetensors.torch import load_file, save_file
from support import engine_of, given_weights
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from fulcrum_engine.engine import Engine
from fulcrum_engine.errors import EngineError
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.settings import Settings


def copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to, dirs_exist_ok=True)
    return to


def refusal(folder: Path | str, **settings: object) -> EngineError:
    with pytest.raises(EngineError) as error:
        engine_of(folder, **settings)
    return error.value


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    error = refusal(tmp_path / "none")
    assert error.code == "not-found"
    assert str(tmp_path / "none") in error.message


def test_weights_cut_short(llama: Path, tmp_path: Path) -> None:
    file = copy(llama, tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    assert refusal(tmp_path).code == "checkpoint"


def test_a_config_that_is_no_json(llama: Path, tmp_path: Path) -> None:
    (copy(llama, tmp_path) / "config.json").write_text("{")
    error = refusal(tmp_path)
    assert error.code == "checkpoint"
    assert "config.json" in error.message


def test_weights_of_another_shape(llama: Path, tmp_path: Path) -> None:
    file = copy(llama, tmp_path) / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({**config, "num_hidden_layers": 3}))
    error = refusal(tmp_path)
    assert error.code == "checkpoint"
    assert "model.layers.2" in error.message


def test_no_tokenizer(llama: Path, tmp_path: Path) -> None:
    (copy(llama, tmp_path) / "tokenizer.json").unlink()
    error = refusal(tmp_path)
    assert error.code == "checkpoint"
    assert "tokenizer" in error.message


def test_a_tokenizer_of_a_larger_model(llama: Path, tmp_path: Path) -> None:
    file = copy(llama, tmp_path) / "tokenizer.json"
    tokenizer = json.loads(file.read_text())
    tokenizer["model"]["vocab"]["more"] = 600
    file.write_text(json.dumps(tokenizer))
    error = refusal(tmp_path)
    assert error.code == "checkpoint"
    assert "expected tokens below 512, which the model has rows for, got 600" in error.message


def test_an_encoder(tmp_path: Path) -> None:
    error = refusal(make("bert", tmp_path))
    assert error.code == "unsupported"
    assert error.message.startswith("this 'BertLMHeadModel' reads the text behind a token too")


def test_weights_that_are_no_numbers(llama: Path, tmp_path: Path) -> None:
    file = copy(llama, tmp_path) / "model.safetensors"
    weights = load_file(file)
    weights["model.norm.weight"][3] = np.nan
    save_file(weights, file, metadata={"format": "pt"})
    error = refusal(tmp_path)
    assert error.code == "checkpoint"
    assert "give logits that are not finite" in error.message


def test_no_end_token(llama: Path, tmp_path: Path) -> None:
    file = copy(llama, tmp_path) / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({**config, "eos_token_id": None}))
    (tmp_path / "generation_config.json").unlink(missing_ok=True)
    (tmp_path / "tokenizer_config.json").unlink(missing_ok=True)
    assert "no token that ends" in refusal(tmp_path).message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimiser": "sgd"}, "no parameter 'optimiser'"),
        ({"optimizer": "lion"}, "expected one of adamw, sgd, got 'lion'"),
        ({"microbatch_tokens": 0}, "expected a number from 1 to"),
        ({"microbatch_tokens": 1.5}, "expected a whole number"),
        ({"gradient_checkpointing": 1}, "expected true or false"),
        ({"beta1": "0.9"}, "expected a number"),
        ({"weight_decay_exclude": ["norm"]}, "expected some of norms, biases, embeddings"),
        ({"attention": "flash_attention_2"}, "computes in bf16 alone"),
    ],
)
def test_settings_are_checked(llama: Path, settings: dict[str, object], message: str) -> None:
    error = refusal(llama, **settings)
    assert error.code == "parameter"
    assert message in error.message


def test_weights_are_needed_for_scores(llama: Path) -> None:
    settings = Settings.read({"checkpoint": str(llama), "device": "cpu"})
    engine = Engine(settings, Ranks(Place(), "cpu"))
    started = engine.started()
    model = AutoModelForCausalLM.from_pretrained(llama)
    assert started.parameter_count == sum(p.numel() for p in model.parameters())
    assert started.context_length == 512
    assert started.end_tokens == [2]
    assert started.head is None
    with pytest.raises(EngineError, match="needs the weights"):
        engine.score(0, engine.batch(arrays_of([[3]], [[[4]]])), 1.0, [])
    engine.load()
    assert engine.started().head == "direct"
    with pytest.raises(EngineError, match="loaded already"):
        engine.load()


@pytest.mark.parametrize(
    ("prompts", "completions", "message"),
    [
        ([[]], [[[4]]], "at least 1 token"),
        ([[3]], [[[512]]], "tokens from 0 to 511 in completions, got 512"),
        ([[3]], [[[4] * 512]], "over the context of 512"),
    ],
)
def test_batches_are_checked(
    llama: Path, prompts: list[list[int]], completions: list[list[list[int]]], message: str
) -> None:
    engine = engine_of(llama)
    with pytest.raises(EngineError, match=message) as error:
        engine.batch(arrays_of(prompts, completions))
    assert error.value.code == "data"


def test_empty_batches_give_nothing(llama: Path) -> None:
    engine = engine_of(llama)
    batch = engine.batch(arrays_of([[3]], [[[]]]))
    columns = engine.score(0, batch, 1.0, ["top-tokens(3)"])
    assert columns is not None
    assert columns.further[0].shape == (0, 3)
    engine.accumulate(batch, None, 1.0, [], lambda number, piece: None)
    assert engine.apply(1e-3).norm == 0


def test_rows_behind_the_vocabulary_are_trained_around(tmp_path: Path) -> None:
    """A model with more rows than tokens: they have neither probability nor gradient."""
    folder = make("phi3", tmp_path)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    last = max(tokenizer["model"]["vocab"].items(), key=lambda pair: pair[1])[0]
    number = tokenizer["model"]["vocab"].pop(last)
    merges = tokenizer["model"]["merges"]
    tokenizer["model"]["merges"] = [
        pair for pair in merges if "".join(pair if isinstance(pair, list) else pair.split()) != last
    ]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    engine = engine_of(folder)
    assert engine.token_rows.count == number
    batch = engine.batch(arrays_of([[3, 4]], [[[5, 6, 7]]]))

    engine.accumulate(batch, None, 1.0, [], given_weights(np.ones(3)))
    head = next(item for item in engine.masters if item.name == "lm_head.weight")
    assert head.gradient is not None
    assert bool((head.gradient[number:] == 0).all())
    assert bool((head.gradient[:number].abs().amax(dim=1) > 0).all())
    assert torch.isfinite(head.gradient).all()


def test_texts_come_back(tiny: Path) -> None:
    engine = engine_of(tiny)
    plain = Tokenizer.from_file(str(tiny / "tokenizer.json"))
    for case in ("Hello world", " two  spaces\n\n", "日本語 😀", "<|im_start|>user\nhi<|im_end|>"):
        ids = plain.encode(case, add_special_tokens=False).ids
        assert engine.texts.encode(case).tolist() == ids
    text = "Grüße, <|im_end|> 12 + 3!\n"
    tokens = engine.texts.encode(text)
    assert engine.end_tokens[0] in tokens
    assert engine.texts.decode(tokens, keep_special=True) == text
    assert engine.texts.decode(tokens, keep_special=False) == text.replace("<|im_end|>", "")
