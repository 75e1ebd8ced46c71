"""The process that samples, with another program in vLLM's place: calls, ends, failures."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support import step

from fulcrum_engine.engine import Engine
from fulcrum_engine.errors import EngineError
from fulcrum_engine.philox import CounterRandom
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.rows import Completions, Prompt, Request
from fulcrum_engine.sampler import Distribution
from fulcrum_engine.settings import Settings
from fulcrum_engine.stops import StopFinder
from fulcrum_engine.vllm_loading import load_with
from fulcrum_engine.vllm_sampler import VLLMSampler

FAKE = Path(__file__).resolve().parent / "fake_vllm"
PROMPTS = [Prompt(np.array([5, 6, 7]), 10), Prompt(np.array([200, 3]), 11)]
Both = tuple[Engine, VLLMSampler]


@pytest.fixture(autouse=True)
def in_vllms_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FAKE)
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FAKE), before]))


@contextmanager
def sampling(folder: Path, fails: str = "", limit: float = 60, **more: object) -> Iterator[Both]:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    options = [f'fails="{fails}"', *named.pop("vllm-options", [])]  # type: ignore[misc]
    given = {"checkpoint": str(folder), "device": "cpu", "sampler": "vllm", "time-limit": limit}
    read = Settings.read({**given, "vllm-options": options, **named})
    engine = Engine(read, Ranks(Place(), read.device))
    sampler = VLLMSampler(engine)
    try:
        load_with(engine, sampler)
        yield engine, sampler
    finally:
        sampler.close()


def request_of(samples: int = 3, tokens: int = 30, **more: object) -> Request:
    return Request(samples, tokens, Distribution(1.0), 9, 4, **more)  # type: ignore[arg-type]


def split(found: Completions) -> list[list[int]]:
    return [found.tokens[first:end].tolist() for first, end in pairwise(found.offsets)]


def drawn(prompts: list[Prompt], samples: int, tokens: int) -> list[list[int]]:
    """What the program in vLLM's place draws."""
    random = CounterRandom(9, "vllm")
    seeds = [random.seeds(4, prompt.id, sample) for prompt in prompts for sample in range(samples)]
    return [[3 + (int(seed) * 31 + k * 7) % 500 for k in range(tokens)] for seed in seeds]


def test_each_completion_has_a_seed_of_its_own(llama: Path) -> None:
    with sampling(llama) as (engine, sampler):
        assert engine.sampler == "vllm 0.0.fake, a process of its own"
        found = sampler.generate(PROMPTS, request_of())
        ends = engine.end_tokens
    for tokens, whole in zip(split(found), drawn(PROMPTS, 3, 30), strict=True):
        end = next((k + 1 for k, token in enumerate(whole) if token in ends), 30)
        assert tokens == whole[:end]
    assert found.log_probabilities[:3].tolist() == [0.0, -0.5, -1.0]


def test_seeds_are_a_function_of_their_numbers() -> None:
    random = CounterRandom(2**64 - 1, "vllm")
    numbers = np.arange(64)
    seeds = random.seeds(3, numbers // 8, numbers % 8)
    assert len(set(seeds.tolist())) == 64
    assert seeds.min() >= 0 and seeds.max() < 2**62
    assert seeds[9] == random.seeds(3, 1, 1)
    assert seeds[9] != random.seeds(4, 1, 1)
    assert seeds[9] != CounterRandom(1, "vllm").seeds(3, 1, 1)


def test_weights_go_over_once_a_version(llama: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with sampling(llama) as (engine, sampler):
        sampler.bring()
        assert "took" not in capfd.readouterr().err
        step(engine)
        sampler.bring()
        sampler.bring()
        step(engine, 2)
        sampler.bring()
        assert sampler.generate(PROMPTS, request_of()).tokens.size
    printed = capfd.readouterr().err
    assert printed.count("vllm: took model.safetensors 0o700") == 2
    assert printed.count("prefix cache cleared") == 2


def test_stop_strings_end_a_completion_over_there(
    llama: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with sampling(llama, "slow") as (engine, sampler):
        decode = engine.texts.decode_all
        first = drawn(PROMPTS, 3, 30)[0]
        readable = [k for k in range(2, 9) if decode([first[k : k + 1]])[0].isalpha()]
        stops = [decode([[first[k]]])[0] for k in readable]
        found = sampler.generate(PROMPTS, request_of(stop_strings=stops))
        finder = StopFinder(stops, decode)
        ends = engine.end_tokens
    for number, whole in enumerate(drawn(PROMPTS, 3, 30)):
        expected = []
        for token in whole:
            expected.append(token)
            columns = [np.array([value], np.int64) for value in (number, token, len(expected))]
            if finder.read(*columns)[0] or token in ends:
                break
        assert split(found)[number] == expected
    assert 2 < len(split(found)[0]) < 10 and found.finished[0]
    # It went on for a step or two, not to the longest length.
    assert "aborted" in capfd.readouterr().err


def test_rows_without_a_token_are_hidden(llama: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with sampling(llama, vllm_options=["rows=576"]):
        pass
    assert "vllm: hides from 512" in capfd.readouterr().err
    with pytest.raises(EngineError) as caught, sampling(llama, vllm_options=["rows=100"]):
        pass
    assert "at least 512 tokens, vLLM serves one of 100" in caught.value.message


def generate(both: Both) -> None:
    both[1].generate(PROMPTS, request_of())


def update(both: Both) -> None:
    step(both[0])
    both[1].bring()


AT_START = [
    ("refuses", "unsupported", "ValueError: Head size 16 is not supported"),
    ("oom", "unsupported", "RuntimeError: DefaultCPUAllocator: can't allocate memory"),
    ("can't compute", "unsupported", "RuntimeError: unsupported head_dim=16"),
    ("exits", "plugin-fault", "vLLM's process ended with status 7 while it loads the model"),
]


@pytest.mark.parametrize(("fails", "code", "sentence"), AT_START)
def test_failures_at_the_start_undo_loading(
    llama: Path, fails: str, code: str, sentence: str
) -> None:
    with pytest.raises(EngineError) as caught, sampling(llama, fails):
        pass
    assert caught.value.code == code and caught.value.message.startswith(sentence)
    if fails == "oom":
        assert "kv_cache_memory_bytes" in (caught.value.hint or "")
    if fails == "exits":
        assert caught.value.message.endswith("no such instruction")


FAULTS: list[tuple[str, Callable[[Both], None], str, str]] = [
    ("raises", generate, "plugin-fault", "vLLM failed while it samples: RuntimeError: an expert"),
    ("is killed", generate, "plugin-fault", "was ended by signal 9 (SIGKILL) while it samples"),
    ("nan", generate, "not-finite", "prompt 0, sample 0, token 2 are not finite"),
    ("ends early", generate, "plugin-fault", "vLLM ended sample 0 of prompt 0 after 2 tokens"),
    ("no such token", generate, "plugin-fault", "vLLM drew token 540; the tokenizer has tokens 0"),
    ("refuses requests", generate, "unsupported", "vLLM refuses the request: the prompt is too"),
    ("other weights", generate, "plugin-fault", "from version 77 of the weights, expected 0"),
    ("update", update, "plugin-fault", "vLLM failed while it takes the weights: RuntimeError: a"),
    ("cache", update, "plugin-fault", "vLLM didn't clear its prefix cache after an update"),
]


@pytest.mark.parametrize(("fails", "work", "code", "sentence"), FAULTS)
def test_failures_are_told(
    llama: Path, fails: str, work: Callable[[Both], None], code: str, sentence: str
) -> None:
    with sampling(llama, fails) as both:
        with pytest.raises(EngineError) as caught:
            work(both)
        assert caught.value.code == code and sentence in caught.value.message
        if code == "plugin-fault" and fails in ("raises", "is killed"):
            assert "its last lines:\n  " in caught.value.message
            assert "`fulcrum resume`" in (caught.value.hint or "")
        if code != "plugin-fault" and fails != "refuses requests":
            # It is as it was.
            assert both[1].is_there
            with pytest.raises(EngineError):
                work(both)


@pytest.mark.parametrize("fails", ["hangs", "hangs at start"])
def test_silence_is_limited(llama: Path, fails: str) -> None:
    began = time.monotonic()
    with pytest.raises(EngineError) as caught, sampling(llama, fails, limit=3) as both:
        generate(both)
    doing = "samples" if fails == "hangs" else "loads the model"
    assert caught.value.code == "plugin-fault"
    assert caught.value.message.startswith(
        f"vLLM has said nothing for 3 s (time-limit) while it {doing}; its last lines:\n  "
    )
    # Nothing can be resumed before the model is there.
    remedy = "`fulcrum resume`" if fails == "hangs" else "`sampler: torch`"
    assert remedy in (caught.value.hint or "")
    assert time.monotonic() - began < 15


def test_what_is_begun_goes_on_by_itself_and_is_kept(llama: Path) -> None:
    with sampling(llama, "slow") as (engine, sampler):
        expected = split(sampler.generate(PROMPTS, request_of()))
        sampler.begin(PROMPTS, request_of())
        with pytest.raises(EngineError, match="begun already"):
            sampler.begin(PROMPTS, request_of())
        step(engine)
        sampler.settle()
        sampler.bring()
        other = sampler.generate(PROMPTS[:1], request_of(1))
        assert split(other)[0] == expected[0]
        assert split(sampler.end()) == expected
        with pytest.raises(EngineError, match="no sampling has begun"):
            sampler.end()


def test_errors_of_what_is_begun_come_with_its_end(llama: Path) -> None:
    with sampling(llama, "nan") as (_, sampler):
        sampler.begin(PROMPTS, request_of())
        sampler.settle()
        # In between others are sampled, short enough to be well.
        assert len(sampler.generate(PROMPTS, request_of(1, 2)).tokens) == 4
        with pytest.raises(EngineError, match="are not finite"):
            sampler.end()
        with pytest.raises(EngineError, match="no sampling has begun"):
            sampler.end()


def test_its_environment_is_its_own(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fulcrum_engine.vllm_exchange import Exchange
    from fulcrum_engine.vllm_process import environment_of

    exchange = Exchange(1)
    try:
        given = {"RANK": "1", "TORCHELASTIC_RUN_ID": "x", "HOME": "/h", "PYTHONPATH": "/p"}
        found = environment_of(given, exchange, "2,3", 4, {})
        assert "RANK" not in found and "TORCHELASTIC_RUN_ID" not in found
        assert found["CUDA_VISIBLE_DEVICES"] == "2,3" and found["OMP_NUM_THREADS"] == "4"
        assert found["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
        first, second = found["PYTHONPATH"].split(os.pathsep)
        assert sorted(os.listdir(first)) == ["fulcrum", "fulcrum_vllm"] and second == "/p"
        several = environment_of(given, exchange, "", 0, {"tensor_parallel_size": 2})
        assert "VLLM_ENABLE_V1_MULTIPROCESSING" not in several
        assert "CUDA_VISIBLE_DEVICES" not in several
        assert exchange.folder.stat().st_mode & 0o777 == 0o700
    finally:
        exchange.close()
    assert not exchange.folder.exists()


def test_nccl_needs_devices(llama: Path) -> None:
    with pytest.raises(EngineError) as caught, sampling(llama, vllm_transfer="nccl"):
        pass
    assert caught.value.code == "parameter"
    assert caught.value.message == (
        "parameter 'vllm-transfer': nccl sends between CUDA devices, and the engine has its tensors"
        " on cpu"
    )


def test_lengths_beyond_what_vllm_was_started_with_are_refused(llama: Path) -> None:
    with sampling(llama, vllm_options=["max_model_len=128"]) as (_, sampler):
        assert len(sampler.generate(PROMPTS[:1], request_of(1, 100)).tokens) <= 100
        long = Prompt(np.full(300, 5), 12)
        with pytest.raises(EngineError) as caught:
            sampler.generate([*PROMPTS, long], request_of(1, 100))
    assert caught.value.code == "unsupported"
    assert caught.value.message == (
        "prompt 2 and its completion may have 400 tokens, and vLLM takes 128"
    )
    assert "max_model_len" in (caught.value.hint or "")


def test_adapters_alone_need_a_process_and_files(llama: Path) -> None:
    given = {"vllm_server": "http://127.0.0.1:9", "vllm_lora": "adapter", "lora_rank": 4}
    with pytest.raises(EngineError) as caught, sampling(llama, **given):  # type: ignore[arg-type]
        pass
    assert caught.value.code == "parameter"
    assert caught.value.message == (
        "parameter 'vllm-lora': adapters go over alone to a process of the engine's own, by files"
    )


OPTIONS = [
    ("max_model_len", "expected NAME=VALUE, as max_model_len=4096, got 'max_model_len'"),
    ("Seed=1", "expected NAME=VALUE, as max_model_len=4096, got 'Seed=1'"),
    ("seed=1", "'seed' can't be set: every completion has a seed of its own, from the run's"),
    ("model=/x", "'model' can't be set: the policy's 'checkpoint' names the model"),
    ("logprobs_mode=raw", "'logprobs_mode' can't be set: log-probabilities are those that"),
    ("trust_remote_code=true", "'trust_remote_code' can't be set: remote code of a model is"),
    ("a=[1", "expected JSON or a word as the value of 'a', got '[1'"),
    ("a=", "expected JSON or a word as the value of 'a', got ''"),
    ("block_size=1", "'block_size' comes twice"),
]


@pytest.mark.parametrize(("text", "sentence"), OPTIONS)
def test_wrong_options_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(EngineError) as caught:
        Settings.read({"checkpoint": "x", "vllm-options": ["block_size=16", text]})
    assert caught.value.code == "parameter"
    assert caught.value.message.startswith(f"parameter 'vllm-options': {sentence}")


def test_options_are_json_or_words() -> None:
    from fulcrum_engine.vllm_options import read_options

    texts = ["dtype=bfloat16", "gpu_memory_utilization=0.45", 'x={"a": [1]}', 'y="b"', "z=true"]
    assert read_options(texts) == {
        "dtype": "bfloat16",
        "gpu_memory_utilization": 0.45,
        "x": {"a": [1]},
        "y": "b",
        "z": True,
    }


def test_a_server_is_named_by_its_url() -> None:
    with pytest.raises(EngineError, match="expected an URL as http://host:8000, got 'host:8000'"):
        Settings.read({"checkpoint": "x", "vllm-server": "host:8000"})
    assert Settings.read({"checkpoint": "x", "vllm-server": "http://h:1"}).vllm_server


def test_shared_folders_hold_the_weights_where_memory_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    from fulcrum_engine.vllm_exchange import Exchange

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for size, is_shared in ((1 << 60, False), (1, True)):
        exchange = Exchange(size, is_shared)
        assert exchange.folder.parent == tmp_path
        exchange.close()
