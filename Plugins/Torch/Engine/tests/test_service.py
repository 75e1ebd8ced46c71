"""A real engine process over a Unix socket, of one rank and of two."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import FIXTURES, ROOT, arrays_of
from fulcrum.wire import Op
from host import CallFailed, Host
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from fulcrum_engine.calls import ALONE, TOGETHER

LLAMA = FIXTURES / "tiny-llama"
PROMPTS = [[5, 6, 7], [200, 3, 4, 5, 6], [17]]


@pytest.fixture(scope="module", params=[1, 2])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A started engine; tests leave its weights as they were."""
    with Host(request.param) as host:
        host.start(LLAMA, decoding_rows=4, microbatch_tokens=64)
        yield host


def generation(**changed: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    header = {
        "model": 0,
        "samplesPerPrompt": 2,
        "maximumTokens": 8,
        "temperature": 1.0,
        "topK": 0,
        "topP": 1.0,
        "minP": 0.0,
        "minimumTokens": 0,
        "stopStrings": [],
        "seed": str(2**64 - 1),
        "step": 3,
        "observe": False,
        **changed,
    }
    arrays = {
        "promptTokens": np.array([t for prompt in PROMPTS for t in prompt], np.int32),
        "promptOffsets": np.cumsum([0, *map(len, PROMPTS)]).astype(np.int64),
        "ids": np.array([10, 11, 2**32 - 1], np.uint32),
    }
    return header, arrays


def split(arrays: dict[str, np.ndarray]) -> list[list[int]]:
    offsets = arrays["offsets"]
    return [arrays["tokens"][a:b].tolist() for a, b in pairwise(offsets)]


def some_batch() -> dict[str, np.ndarray]:
    return arrays_of(PROMPTS, [[[8, 9], [10]], [[11, 12, 13, 14]], [[30, 31]]])


def scoring(**changed: Any) -> dict[str, Any]:
    return {"model": 0, "temperature": 1.0, "statistics": [], "candidates": 0, **changed}


def log_probabilities(temperature: float = 1.0) -> np.ndarray:
    """Of `some_batch`, by transformers' whole passes in float64."""
    model = AutoModelForCausalLM.from_pretrained(LLAMA, dtype=torch.float64)
    found = []
    for prompt, completion in [
        (PROMPTS[0], [8, 9]),
        (PROMPTS[0], [10]),
        (PROMPTS[1], [11, 12, 13, 14]),
        (PROMPTS[2], [30, 31]),
    ]:
        with torch.no_grad():
            logits = model(torch.tensor([prompt + completion])).logits[0] / temperature
        rows = logits[len(prompt) - 1 : -1].log_softmax(-1)
        found += rows.gather(1, torch.tensor(completion)[:, None])[:, 0].tolist()
    return np.array(found)


def test_texts_become_tokens_and_come_back(host: Host) -> None:
    own = Tokenizer.from_file(str(LLAMA / "tokenizer.json"))
    for text in ("Is A a knight?", "", "<|endoftext|> two  spaces\n", "naïve 高い 🜁"):
        _, arrays = host.call("encode", {}, {"text": text.encode()})
        assert arrays["tokens"].tolist() == own.encode(text, add_special_tokens=False).ids
        assert arrays["tokens"].dtype == np.int32
    text = "Höher — 高い"
    tokens = host.call("encode", {}, {"text": text.encode()})[1]
    _, back = host.call("decode", {"keepSpecial": True}, tokens)
    assert back["text"].tobytes().decode() == text


def test_conversations_are_rendered(host: Host) -> None:
    messages = [{"role": "user", "content": "Is A a knight?"}]
    header, arrays = host.call("render", {}, {"text": json.dumps(messages).encode()})
    assert header["has"] == (len(arrays["text"]) > 0)


def test_samples_are_observed_and_scored_alike(host: Host) -> None:
    seen: dict[tuple[int, int], list[int]] = {}

    def listen(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        assert "tokens" in header
        columns = (arrays["prompt"], arrays["sample"], arrays["token"])
        assert {column.dtype for column in columns} == {np.dtype(np.int32)}
        for prompt, sample, token in zip(*columns, strict=True):
            seen.setdefault((int(prompt), int(sample)), []).append(int(token))

    header, arrays = generation(observe=True)
    _, found = host.call("generate", header, arrays, listen)
    parts = split(found)
    assert [seen[p, s] for p in range(3) for s in range(2)] == parts
    assert found["finished"].dtype == np.uint8 and len(found["finished"]) == 6
    groups = [parts[2 * p : 2 * p + 2] for p in range(3)]
    _, scores = host.call("score", scoring(), arrays_of(PROMPTS, groups))
    # Passes of other shapes sum in other orders: f32 rounding.
    np.testing.assert_allclose(
        found["logProbabilities"], scores["logProbabilities"], atol=1e-5, rtol=0
    )


def test_stop_strings_end_completions(host: Host) -> None:
    def text(tokens: list[int]) -> str:
        _, found = host.call(
            "decode", {"keepSpecial": False}, {"tokens": np.array(tokens, np.int32)}
        )
        return found["text"].tobytes().decode()

    for least in (0, 10):
        _, plain = host.call("generate", *generation(maximumTokens=24, minimumTokens=least))
        sequences = split(plain)
        # What the first completion has behind its minimum ends it there.
        stop = text(sequences[0][least + 2 : least + 5]).strip("\ufffd")
        assert stop and "\ufffd" not in stop
        header, arrays = generation(maximumTokens=24, stopStrings=[stop], minimumTokens=least)
        _, found = host.call("generate", header, arrays)
        for tokens, whole, finished, was in zip(
            split(found), sequences, found["finished"], plain["finished"], strict=True
        ):
            ends = [
                count
                for count in range(least + 1, len(whole) + 1)
                if text(whole[:count]).count(stop) > text(whole[: count - 1]).count(stop)
            ]
            assert tokens == (whole[: ends[0]] if ends else whole)
            assert bool(finished) == (bool(ends) or bool(was))
        assert len(split(found)[0]) < 24 and found["finished"][0]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"stopStrings": "a"}, "expected 'stopStrings' of type list, got 'a'"),
        ({"stopStrings": ["a", 3]}, "expected 'stopStrings' to be a list of texts"),
        ({"minimumTokens": 9}, "expected a minimum length from 0 to the longest, 8 tokens, got 9"),
    ],
)
def test_wrong_limits_are_refused(host: Host, changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CallFailed, match=sentence) as caught:
        host.call("generate", *generation(**changed))
    assert caught.value.header["code"] == "usage"


def test_samples_are_the_same_for_any_number_of_ranks(host: Host) -> None:
    cut = {"temperature": 0.8, "topK": 20, "topP": 0.9, "minP": 0.01, "minimumTokens": 2}
    limits = {**cut, "stopStrings": ["e", "a"]}
    _, found = host.call("generate", *generation(**limits))
    with Host() as other:
        other.start(LLAMA, decoding_rows=2)
        _, expected = other.call("generate", *generation(**limits))
        other.call("end")
    assert split(found) == split(expected)


def test_scores_are_those_of_whole_passes(host: Host) -> None:
    _, found = host.call(
        "score", scoring(temperature=0.7, statistics=["rank", "top-tokens(3)"]), some_batch()
    )
    np.testing.assert_allclose(found["logProbabilities"], log_probabilities(0.7), atol=1e-5)
    assert found["further-0"].shape == (9, 1) and found["further-1"].shape == (9, 3)
    assert np.all((found["further-0"] == 0) == (found["further-1"][:, :1] == tokens_column()))


def tokens_column() -> np.ndarray:
    return some_batch()["tokens"][:, None].astype(np.float32)


def test_pieces_are_weighed_and_a_step_is_taken_and_undone(host: Host, tmp_path: Path) -> None:
    batch = {**some_batch(), "participants": np.array([1, 0, 1, 1, 1, 0, 1, 1, 1], np.uint8)}
    weights = np.array([0.5, 9, -1, 2, 0.25, 9, -0.5, 1, 1.5], np.float32)
    places: list[int] = []
    expected = log_probabilities()

    def listen(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
        assert header["piece"] >= 0 and np.all(np.diff(arrays["places"]) > 0)
        np.testing.assert_allclose(
            arrays["logProbabilities"], expected[arrays["places"]], atol=1e-5
        )
        places.extend(arrays["places"].tolist())
        return {"stop": False}, {"weights": weights[arrays["places"]]}

    snapshot = host.call("snapshot")[0]["snapshot"]
    host.call("accumulate", scoring(entropy=False), batch, listen)
    assert sorted(places) == [0, 2, 3, 4, 6, 7, 8]
    file = tmp_path / "gradient.safetensors"
    host.call("saveGradient", {"file": str(file)})
    own, expected_gradient = load_file(file), oracle_gradient(weights)
    assert own.keys() == expected_gradient.keys()
    for name, values in expected_gradient.items():
        # f32 against f64 sums: 1e-6 of the tensor's largest entry, and some more for cancelling.
        scale = float(values.abs().max())
        assert float((own[name].double() - values).abs().max()) < 1e-5 * scale, name
    report, _ = host.call("apply", {"learningRate": 1e-2})
    norm = np.sqrt(sum(float(values.square().sum()) for values in expected_gradient.values()))
    assert report["norm"] == pytest.approx(norm, rel=1e-5) and report["clipped"] == (norm > 1)
    _, after = host.call("score", scoring(), some_batch())
    assert np.abs(after["logProbabilities"] - expected).max() > 1e-3
    host.call("restore", {"snapshot": snapshot})
    host.call("forget", {"snapshot": snapshot})
    _, again = host.call("score", scoring(), some_batch())
    np.testing.assert_allclose(again["logProbabilities"], expected, atol=1e-5)


def oracle_gradient(weights: np.ndarray) -> dict[str, torch.Tensor]:
    """∇ Σ w log π of the participants, by autograd over transformers in float64."""
    model = AutoModelForCausalLM.from_pretrained(LLAMA, dtype=torch.float64)
    taking = [(0, [8, 9], [0.5, 0]), (0, [10], [-1])]
    taking += [(1, [11, 12, 13, 14], [2, 0.25, 0, -0.5]), (2, [30, 31], [1, 1.5])]
    for prompt, completion, own in taking:
        logits = model(torch.tensor([PROMPTS[prompt] + completion])).logits[0]
        rows = logits[len(PROMPTS[prompt]) - 1 : -1].log_softmax(-1)
        chosen = rows.gather(1, torch.tensor(completion)[:, None])[:, 0]
        (chosen * torch.tensor(own, dtype=torch.float64)).sum().backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_an_objective_that_stops_keeps_the_engine_usable(host: Host) -> None:
    asked = 0

    def listen(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
        nonlocal asked
        asked += 1
        return {"stop": True}, {}

    host.call("accumulate", scoring(entropy=False), some_batch(), listen)
    assert asked == 1
    host.call("discard")
    _, found = host.call("score", scoring(), some_batch())
    np.testing.assert_allclose(found["logProbabilities"], log_probabilities(), atol=1e-5)


def test_answers_of_wrong_shape_are_refused(host: Host) -> None:
    with pytest.raises(CallFailed, match="values of f32 'weights' in the answer, got none"):
        host.call(
            "accumulate",
            scoring(entropy=False),
            some_batch(),
            lambda header, arrays: ({"stop": False}, {"weights": np.zeros(1, np.float32)}),
        )
    host.call("discard")


def test_copies_score_alike_and_are_released(host: Host) -> None:
    copy = host.call("freeze", {"model": 0})[0]["model"]
    _, own = host.call("score", scoring(), some_batch())
    _, other = host.call("score", scoring(model=copy), some_batch())
    assert own["logProbabilities"].tolist() == other["logProbabilities"].tolist()
    _, one = host.call("generate", *generation())
    _, two = host.call("generate", *generation(model=copy))
    assert split(one) == split(two)
    host.call("blend", {"model": copy, "with": 0, "share": 0.5})
    host.call("release", {"model": copy})
    with pytest.raises(CallFailed, match="frozen copy's number"):
        host.call("score", scoring(model=copy), some_batch())


def test_a_saved_checkpoint_is_the_models(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    host.call("save", {"model": 0, "directory": str(folder)})
    saved = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()
    for name, values in (
        AutoModelForCausalLM.from_pretrained(LLAMA, dtype=torch.float32).state_dict().items()
    ):
        assert torch.equal(saved[name], values), name


REFUSED = [
    ("fly", {}, {}, "usage", "the engine has no call 'fly'"),
    ("start", {"parameters": {}, "seed": "1", "threads": 1}, {}, "usage", "came twice"),
    ("score", {"model": 0}, {}, "usage", "expected the array 'promptTokens'"),
    ("score", {"model": True}, {}, "usage", "expected 'model' of type int, got True"),
    ("encode", {}, {}, "usage", "expected a text"),
    ("decode", {"keepSpecial": True}, {"tokens": np.array([-1], np.int32)}, "data", "got -1"),
    ("render", {}, {"text": b'[{"role": 1}]'}, "usage", "list of messages"),
    (
        "apply",
        {"model": 1, "learningRate": 1.0},
        {},
        "usage",
        "model 0, is the one that this is for",
    ),
    ("saveOptimizer", {"model": 2, "directory": "/tmp"}, {}, "usage", "got 2"),
    ("release", {"model": 99}, {}, "usage", "frozen copy's number, got 99"),
]


@pytest.mark.parametrize(("name", "header", "arrays", "code", "sentence"), REFUSED)
def test_calls_that_cannot_be_done_say_why(
    host: Host,
    name: str,
    header: dict[str, Any],
    arrays: dict[str, Any],
    code: str,
    sentence: str,
) -> None:
    with pytest.raises(CallFailed) as caught:
        host.call(name, header, arrays)
    assert caught.value.header["code"] == code
    assert sentence in caught.value.header["message"]


NEEDY = sorted({*ALONE, *TOGETHER} - {"load", "discard", "snapshot", "peak", "generateEnd"})


@pytest.mark.parametrize("name", NEEDY)
def test_calls_without_what_they_need_leave_the_engine_usable(host: Host, name: str) -> None:
    flat = some_batch()
    square = {"tokens": np.zeros((2, 2), np.int32)}
    short = {
        **flat,
        "offsets": flat["offsets"][:-1],
        "text": b"\xff",
        "ids": np.zeros(1, np.uint32),
    }
    for arrays in ({}, square, short):
        with pytest.raises(CallFailed) as caught:
            host.call(name, {"keepSpecial": 1, "model": "0"}, arrays)
        assert caught.value.header["code"] in ("usage", "data")
    assert host.call("encode", {}, {"text": b"a"})[1]["tokens"].size


def test_sampling_beside_other_work_needs_a_sampler_of_its_own(host: Host) -> None:
    for name, call in (("generateBegin", generation()), ("generateEnd", ({}, {}))):
        with pytest.raises(CallFailed) as caught:
            host.call(name, *call)
        assert caught.value.header["code"] == "unsupported"
        assert caught.value.header["message"] == (
            "sampling while other work goes on needs a sampler of its own"
        )
        assert "'sampler' to vllm" in caught.value.header["hint"]


def test_the_speed_of_products_is_measured(host: Host) -> None:
    # Any machine does more than a million operations a second.
    assert host.call("peak")[0]["operations"] > 1e6


def test_the_optimizers_state_is_saved_and_read(host: Host, tmp_path: Path) -> None:
    snapshot = host.call("snapshot")[0]["snapshot"]

    def step() -> float:
        host.call(
            "accumulate",
            scoring(entropy=True),
            some_batch(),
            lambda header, arrays: (
                {"stop": False},
                {
                    "weights": np.ones(len(arrays["places"]), np.float32),
                    "entropyWeights": np.full(len(arrays["places"]), 0.1, np.float32),
                },
            ),
        )
        norm: float = host.call("apply", {"learningRate": 1e-2})[0]["norm"]
        return norm

    def scores() -> list[float]:
        _, found = host.call("score", scoring(), some_batch())
        numbers: list[float] = found["logProbabilities"].tolist()
        return numbers

    step()
    middle = host.call("freeze", {"model": 0})[0]["model"]
    host.call("saveOptimizer", {"model": 0, "directory": str(tmp_path)})
    norm, expected = step(), scores()
    host.call("blend", {"model": 0, "with": middle, "share": 1.0})
    host.call("loadOptimizer", {"model": 0, "directory": str(tmp_path)})
    assert step() == norm and scores() == expected
    host.call("restore", {"snapshot": snapshot})
    host.call("forget", {"snapshot": snapshot})
    host.call("release", {"model": middle})


def test_bad_prompts_are_refused_by_all_ranks(host: Host) -> None:
    header, arrays = generation()
    arrays["promptTokens"][0] = 512
    with pytest.raises(CallFailed, match="prompt 0 has token 512") as caught:
        host.call("generate", header, arrays)
    assert caught.value.header["code"] == "data"
    header, arrays = generation(seed="-1")
    with pytest.raises(CallFailed, match="seed from 0 to"):
        host.call("generate", header, arrays)


@pytest.mark.parametrize("ranks", [1, 2])
def test_end_is_answered_and_all_ranks_exit_with_0(ranks: int) -> None:
    with Host(ranks) as host:
        host.start(LLAMA)
        assert host.call("end") == ({}, {})
        assert host.process.wait(20) == 0


def test_ranks_end_with_0_before_any_start() -> None:
    with Host(2) as host:
        host.call("end")
        assert host.process.wait(20) == 0


@pytest.mark.parametrize("ranks", [1, 2])
def test_no_rank_outlives_the_host(ranks: int) -> None:
    with Host(ranks) as host:
        host.start(LLAMA)
        host.close()
        assert host.has_ended_within(1.0)


def test_an_engine_serves_over_tcp() -> None:
    with Host(is_tcp=True) as host:
        host.start(LLAMA)
        _, found = host.call("score", scoring(), some_batch())
        np.testing.assert_allclose(found["logProbabilities"], log_probabilities(), atol=1e-5)
        host.close()
        assert host.has_ended_within(1.0)


def test_calls_before_their_time_are_refused() -> None:
    with Host() as host:
        with pytest.raises(CallFailed, match="the call 'score' came before 'start'"):
            host.call("score", scoring(), some_batch())
        given = {"checkpoint": str(LLAMA), "device": "cpu"}
        started, _ = host.call("start", {"parameters": given, "seed": "1", "threads": 1})
        assert started["vocabularySize"] == 512 and "head" not in started
        assert started["operations"].keys() == {"row", "pair", "scored"}
        with pytest.raises(CallFailed, match="needs the weights") as caught:
            host.call("generate", *generation())
        assert caught.value.header["code"] == "usage"
        assert host.call("load")[0]["head"] == "direct"
        assert len(split(host.call("generate", *generation())[1])) == 6
        host.call("end")


def test_a_host_that_goes_while_torch_is_imported_ends_the_ranks() -> None:
    with Host() as host:
        # The lifeline is open; the calls' connection comes when torch is there.
        host.close()
        assert host.has_ended_within(1.0)


def test_an_interrupt_is_the_hosts_to_answer() -> None:
    with Host() as host:
        host.start(LLAMA)
        os.kill(host.pids[0], signal.SIGINT)
        assert host.call("score", scoring(), some_batch())
        os.kill(host.pids[0], signal.SIGTERM)
        assert host.process.wait(10) == -signal.SIGTERM


def test_a_faulty_frame_is_told_on_the_lifeline() -> None:
    with Host() as host:
        host.start(LLAMA)
        host.calls.send(Op.ANSWER, 1, {})
        frame = host.last_word(0)
        assert frame is not None and frame.op == Op.ERROR and frame.sequence == 0
        assert "expected call 3, got answer 1" in frame.header["message"]
        assert frame.header["rank"] == 0 and "channel.py" in frame.header["where"]
        assert host.process.wait(20) == 1


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_model_that_is_not_there_is_an_error_and_another_may_be_started(ranks: int) -> None:
    with Host(ranks) as host:
        with pytest.raises(CallFailed, match="there is no '/nowhere'") as caught:
            host.start(Path("/nowhere"))
        assert caught.value.header["code"] == "not-found"
        with pytest.raises(CallFailed, match="no parameter 'temprature'"):
            host.start(LLAMA, temprature=1)
        assert host.start(LLAMA)["contextLength"] == 512
        host.call("end")


def by_hand(**environment: str) -> subprocess.CompletedProcess[str]:
    folders = [ROOT / "Python", Path(__file__).resolve().parents[1]]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FULCRUM_")}
    kept["PYTHONPATH"] = os.pathsep.join(map(str, folders))
    return subprocess.run(
        [sys.executable, "-m", "fulcrum_engine"],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_socket_that_nobody_listens_at_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "fulcrum.abcdef"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(folder / "socket"))
    address = f"unix:{folder}/socket"
    result = by_hand(FULCRUM_ENGINE_ADDRESS=address, FULCRUM_ENGINE_TOKEN="0" * 64)
    assert result.returncode == 2
    assert f"no host at FULCRUM_ENGINE_ADDRESS ({address})" in result.stderr
    assert not folder.exists()


def test_started_by_hand_it_says_what_it_is() -> None:
    result = by_hand()
    assert result.returncode == 2 and result.stderr.count("\n") == 1
    assert "instead of starting it by hand" in result.stderr


def test_without_a_host_it_says_where_none_is() -> None:
    given = {"FULCRUM_ENGINE_ADDRESS": "unix:/nowhere/x", "FULCRUM_ENGINE_TOKEN": "1"}
    result = by_hand(**given)
    assert result.returncode == 2 and "no host at FULCRUM_ENGINE_ADDRESS" in result.stderr
    result = by_hand(**{**given, "FULCRUM_ENGINE_ADDRESS": "http://x"})
    assert result.returncode == 2 and "expected an address unix:/path or tcp:" in result.stderr
    result = by_hand(**given, RANK="x", WORLD_SIZE="1")
    assert result.returncode == 2 and "is no number" in result.stderr


def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('no torch', name='torch')")
    folders = [tmp_path, ROOT / "Python", Path(__file__).resolve().parents[1]]
    with Host(PYTHONPATH=os.pathsep.join(map(str, folders))) as host:
        frame = host.last_word(0)
        assert frame is not None and frame.op == Op.ERROR
        assert frame.header["code"] == "not-found" and frame.header["rank"] == 0
        assert f"{sys.executable} has no package 'torch'" in frame.header["message"]
        assert "-m pip install torch" in frame.header["message"]
        assert host.process.wait(20) == 1


def test_ranks_that_share_parameters_draw_and_train_alike(tmp_path: Path) -> None:
    """FSDP2: whole weights while sampling, then steps on, and samples of the new weights."""
    results = []
    for ranks, shard in ((1, "none"), (2, "fsdp2")):
        with Host(ranks) as host:
            host.start(LLAMA, shard=shard, decoding_rows=4)
            found = [split(host.call("generate", *generation())[1])]
            host.call(
                "accumulate",
                scoring(entropy=False),
                some_batch(),
                lambda header, arrays: (
                    {"stop": False},
                    {"weights": np.ones(len(arrays["places"]), np.float32)},
                ),
            )
            report, _ = host.call("apply", {"learningRate": 0.01})
            found.append(split(host.call("generate", *generation())[1]))
            host.call("end")
            results.append((found, report["norm"]))
    (one, norm), (two, other_norm) = results
    assert one == two and one[0] != one[1]
    assert other_norm == pytest.approx(norm, rel=1e-5)
