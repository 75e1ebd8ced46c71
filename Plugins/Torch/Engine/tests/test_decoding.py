"""Decoding against transformers' own generate and forward passes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from conftest import FIXTURES, TINY

from fulcrum_engine.decoding import Decoder
from fulcrum_engine.errors import EngineError
from fulcrum_engine.rows import Completions, Prompt, Request
from fulcrum_engine.sampler import Distribution
from fulcrum_engine.scorer import Scorer
from fulcrum_engine.token_rows import TokenRows

VOCABULARY = 64
SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "initializer_range": 0.3,
    "tie_word_embeddings": False,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": None,
}
# Windows shorter than the sequences; layers of two kinds; experts; caps; recurrent states.
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "mistral": ("Mistral", {"sliding_window": 5}),
    "mixtral": ("Mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "gemma2": ("Gemma2", {"sliding_window": 5, "query_pre_attn_scalar": 8}),
    "gemma3": ("Gemma3Text", {"sliding_window": 5, "query_pre_attn_scalar": 8}),
    "phi3": ("Phi3", {"head_dim": None}),
    "mamba": ("Mamba", {"state_size": 4, "num_hidden_layers": 2, "head_dim": None}),
    "lfm2": ("Lfm2", {"layer_types": ["conv", "full_attention"], "head_dim": None}),
}


def small_model(family: str, attention: str = "sdpa") -> Any:
    """A random model of two layers."""
    name, options = FAMILIES[family]
    torch.manual_seed(7)
    values = {key: value for key, value in {**SMALL, **options}.items() if value is not None}
    if family != "mamba":
        # Gemma 2's caps on scores exist in eager attention alone.
        values["attn_implementation"] = "eager" if family == "gemma2" else attention
    config = getattr(transformers, f"{name}Config")(**values)
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def decoder(model: Any, ends: list[int] | None = None, **options: Any) -> Decoder:
    vocabulary = model.config.vocab_size
    scorer = Scorer(model, TokenRows(vocabulary, torch.zeros(0, dtype=torch.int64)))
    values: dict[str, Any] = {"context_length": 128, "vocabulary": vocabulary, **options}
    return Decoder(scorer, ends or [], **values)


def tiny_model(name: str) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(
        FIXTURES / name, dtype=torch.float32
    ).eval()


def some_prompts(count: int, vocabulary: int = VOCABULARY, seed: int = 3) -> list[Prompt]:
    random = np.random.default_rng(seed)
    return [
        Prompt(random.integers(1, vocabulary, int(random.integers(1, 14))), 100 + i)
        for i in range(count)
    ]


def request(
    samples: int = 3, most: int = 20, least: int = 0, stops: Sequence[str] = (), **drawn: Any
) -> Request:
    distribution = Distribution(**{"temperature": 1.0, **drawn})
    return Request(samples, most, distribution, 2**63 + 5, 9, least, stops)


def letters(sequences: list[list[int]]) -> list[str]:
    """Texts of a tokenizer with a character for each token."""
    return ["".join(chr(0x100 + token) for token in tokens) for tokens in sequences]


def split(found: Completions) -> list[list[int]]:
    return [
        found.tokens[a:b].tolist()
        for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)
    ]


def assert_same(one: Completions, other: Completions) -> None:
    """The same tokens; log π may differ by rounding in batches of other shapes."""
    assert split(one) == split(other)
    assert one.finished.tolist() == other.finished.tolist()
    np.testing.assert_allclose(one.log_probabilities, other.log_probabilities, atol=2e-5)


def plain_greedy(model: Any, prompt: Prompt, most: int) -> list[int]:
    """Greedy tokens by whole passes without any cache."""
    tokens = [int(token) for token in prompt.tokens]
    for _ in range(most):
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1]
        tokens.append(int(logits.argmax()))
    return tokens[len(prompt.tokens) :]


@pytest.mark.parametrize("name", TINY)
def test_greedy_is_transformers_greedy(name: str) -> None:
    model = tiny_model(name)
    prompts = some_prompts(5, model.config.vocab_size)
    found = decoder(model, rows=4).generate(prompts, request(1, 30, temperature=0))
    for prompt, tokens in zip(prompts, split(found), strict=True):
        given = torch.tensor(prompt.tokens)[None]
        expected = model.generate(
            given,
            attention_mask=torch.ones_like(given),
            do_sample=False,
            max_new_tokens=30,
            eos_token_id=None,
            pad_token_id=0,
        )
        assert tokens == expected[0, given.shape[1] :].tolist()


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("family", list(FAMILIES))
def test_greedy_is_that_of_whole_passes(family: str, attention: str) -> None:
    model = small_model(family, attention)
    prompts = some_prompts(4)
    own = decoder(model, rows=3)
    found = own.generate(prompts, request(1, 12, temperature=0))
    assert split(found) == [plain_greedy(model, prompt, 12) for prompt in prompts]
    # Recurrent states are decoded in lockstep, all others in rows of lengths of their own.
    assert (own._masks is None) == (family in ("mamba", "lfm2"))
    if own._masks is None:
        assert own.cache_argument == ("cache_params" if family == "mamba" else "past_key_values")


@pytest.mark.parametrize("family", ["llama", *FAMILIES])
def test_tokens_depend_on_neither_rows_nor_order_nor_prefill(family: str) -> None:
    model = tiny_model("tiny-llama") if family == "llama" else small_model(family)
    ends = list(range(1, 1 + model.config.vocab_size // 16))
    prompts = some_prompts(6)
    whole = decoder(model, ends, rows=64).generate(prompts, request())
    lengths = np.diff(whole.offsets)
    assert 0 < whole.finished.sum() < 18 and len(set(lengths)) > 3
    for options in ({"rows": 1}, {"rows": 4}, {"rows": 5, "prefill_tokens": 8}):
        assert_same(decoder(model, ends, **options).generate(prompts, request()), whole)
    order = [4, 2, 5, 0, 3, 1]
    other = decoder(model, ends, rows=7).generate([prompts[i] for i in order], request())
    parts, expected = split(other), split(whole)
    for place, prompt in enumerate(order):
        assert parts[3 * place : 3 * place + 3] == expected[3 * prompt : 3 * prompt + 3]


def test_a_model_that_ignores_every_cache_is_decoded_by_whole_passes() -> None:
    model = small_model("mistral")

    class Forgetful(Scorer):
        def next_logits(self, tokens: torch.Tensor, rows: torch.Tensor, **inputs: Any) -> Any:
            return super().next_logits(tokens, rows)

    own = decoder(model, rows=3)
    own.scorer = Forgetful(model, TokenRows(VOCABULARY, torch.zeros(0, dtype=torch.int64)))
    prompts = some_prompts(4)
    found = own.generate(prompts, request(2, 10))
    assert own._masks is None and own.cache_argument is None
    assert_same(found, decoder(model).generate(prompts, request(2, 10)))


def test_log_probabilities_are_those_of_a_whole_pass() -> None:
    for name in TINY:
        model = tiny_model(name)
        prompts = some_prompts(3, model.config.vocab_size)
        found = decoder(model, rows=4).generate(
            prompts, request(2, 25, temperature=0.7, top_k=40, top_p=0.9)
        )
        for sequence, tokens in enumerate(split(found)):
            prompt = prompts[sequence // 2].tokens
            given = torch.tensor([*prompt, *tokens])[None]
            with torch.no_grad():
                logits = model(input_ids=given).logits[0, len(prompt) - 1 : -1].double() / 0.7
            expected = logits.log_softmax(-1).gather(1, torch.tensor(tokens)[:, None])[:, 0]
            start, end = found.offsets[sequence : sequence + 2]
            # f32 passes of other shapes: sums of some hundred terms differ by 1e-6.
            np.testing.assert_allclose(found.log_probabilities[start:end], expected, atol=1e-5)


def test_draws_are_those_of_the_definition() -> None:
    """By hand: whole passes, float64 sums, and the generator's own numbers."""
    from fulcrum_engine.philox import CounterRandom

    model = small_model("mixtral")
    prompts = some_prompts(3)
    found = split(decoder(model, rows=4).generate(prompts, request(2, 10)))
    random = CounterRandom(2**63 + 5, "sampling")
    for sequence, tokens in enumerate(found):
        prompt, sample = prompts[sequence // 2], sequence % 2
        text = [int(token) for token in prompt.tokens]
        for position, token in enumerate(tokens):
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([text])).logits[0, -1]
            running = logits.double().softmax(-1).cumsum(-1)
            uniform = float(random.uniform(9, prompt.id, sample, position))
            assert token == int((running > uniform * running[-1]).nonzero()[0])
            text.append(token)


def test_a_completion_ends_with_any_end_token_or_is_cut() -> None:
    model = tiny_model("tiny-llama")
    prompts = some_prompts(4, model.config.vocab_size)
    free = split(decoder(model).generate(prompts, request(2, 30)))
    ends = [free[0][4], free[3][7]]
    found = decoder(model, ends, rows=3).generate(prompts, request(2, 30))
    for tokens, whole, finished in zip(split(found), free, found.finished, strict=True):
        places = [i for i, token in enumerate(whole) if token in ends]
        assert tokens == (whole[: places[0] + 1] if places else whole)
        assert bool(finished) == bool(places)
    assert found.finished[0] and found.finished[3]


@pytest.mark.parametrize("family", ["llama", "mamba"])
def test_a_completion_ends_with_a_stop_string(family: str) -> None:
    """Both ways to decode: rows that come and go, and lockstep."""
    model = tiny_model("tiny-llama") if family == "llama" else small_model(family)
    prompts = some_prompts(6, model.config.vocab_size)
    free = split(decoder(model).generate(prompts, request(2, 30)))
    stops = letters([free[0][4:6], free[3][7:8], [1, 2, 3, 4, 5]])
    for least in (0, 6, 8):
        for rows in (3, 64):
            own = decoder(model, rows=rows, decode=letters)
            found = own.generate(prompts, request(2, 30, least, stops))
            ends = 0
            for tokens, whole, finished in zip(split(found), free, found.finished, strict=True):
                places = [
                    place
                    for place in range(least, 30)
                    if any(letters([whole[: place + 1]])[0].endswith(stop) for stop in stops)
                ]
                assert tokens == (whole[: places[0] + 1] if places else whole)
                assert bool(finished) == bool(places)
                ends += len(places) > 0
            assert 0 < ends < 12 or least > 0
    assert decoder(model, decode=letters).generate(prompts, request(2, 30, 8, stops)).finished[
        3
    ] == (stops[1] in letters([free[3][8:]])[0])


@pytest.mark.parametrize("family", ["llama", "mamba"])
@pytest.mark.parametrize("temperature", [0, 1.0])
def test_nothing_ends_within_the_minimum(family: str, temperature: float) -> None:
    """By hand: end tokens are left out of the first draws, and log π is of all tokens."""
    from fulcrum_engine.philox import CounterRandom

    model = tiny_model("tiny-llama") if family == "llama" else small_model(family)
    vocabulary = model.config.vocab_size
    ends = list(range(1, 1 + vocabulary // 8))
    prompts = some_prompts(4, vocabulary)
    free = decoder(model, ends).generate(prompts, request(2, 12, temperature=temperature))
    found = decoder(model, ends, rows=3).generate(
        prompts, request(2, 12, 5, temperature=temperature)
    )
    assert np.diff(free.offsets).min() <= 5 < np.diff(found.offsets).min()
    random = CounterRandom(2**63 + 5, "sampling")
    for sequence, tokens in enumerate(split(found)):
        prompt, sample = prompts[sequence // 2], sequence % 2
        assert bool(found.finished[sequence]) == (tokens[-1] in ends)
        assert not set(tokens[:5]) & set(ends)
        given = torch.tensor([*prompt.tokens, *tokens])[None]
        with torch.no_grad():
            logits = model(input_ids=given, use_cache=False).logits[0].double()
        logits = logits[len(prompt.tokens) - 1 : -1]
        whole = logits.log_softmax(-1).gather(1, torch.tensor(tokens)[:, None])[:, 0]
        start, end = found.offsets[sequence : sequence + 2]
        np.testing.assert_allclose(found.log_probabilities[start:end], whole, atol=2e-5)
        for position, token in enumerate(tokens):
            row = logits[position].clone()
            if position < 5:
                row[ends] = -torch.inf
            running = row.softmax(-1).cumsum(-1)
            uniform = float(random.uniform(9, prompt.id, sample, position))
            drawn = int((running > uniform * running[-1]).nonzero()[0])
            assert token == (drawn if temperature else int(row.argmax()))


def test_a_minimum_of_all_tokens_gives_completions_of_one_length() -> None:
    model = tiny_model("tiny-llama")
    ends = list(range(1, 100))
    found = decoder(model, ends).generate(some_prompts(3), request(2, 7, 7))
    assert np.diff(found.offsets).tolist() == [7] * 6 and not found.finished.any()


def test_a_completion_is_cut_at_the_contexts_end() -> None:
    model = tiny_model("tiny-llama")
    prompts = [Prompt([5] * 10, 0), Prompt([7] * 23, 1), Prompt([9, 11], 2)]
    found = decoder(model, rows=2, context_length=24).generate(prompts, request(2, 16))
    assert np.diff(found.offsets).tolist() == [14, 14, 1, 1, 16, 16]
    assert not found.finished.any()


def test_the_first_token_may_end_every_sample() -> None:
    model = tiny_model("tiny-llama")
    every = list(range(model.config.vocab_size))
    found = decoder(model, every, rows=2).generate(some_prompts(5), request(3, 9))
    assert np.diff(found.offsets).tolist() == [1] * 15 and found.finished.all()


def test_the_cache_grows_past_its_first_places() -> None:
    model = tiny_model("tiny-qwen3")
    prompts = [Prompt([3, 4, 5], 0), Prompt(list(range(1, 100)), 1)]
    found = decoder(model, rows=2, context_length=256).generate(
        prompts, request(1, 90, temperature=0)
    )
    assert split(found) == [plain_greedy(model, prompt, 90) for prompt in prompts]


@pytest.mark.parametrize("family", ["llama", "mamba"])
def test_what_is_observed_is_what_is_returned(family: str) -> None:
    model = tiny_model("tiny-llama") if family == "llama" else small_model(family)
    seen: dict[tuple[int, int], list[int]] = {}
    calls = 0

    def observe(prompts: np.ndarray, samples: np.ndarray, tokens: np.ndarray) -> None:
        nonlocal calls
        calls += 1
        assert {column.dtype for column in (prompts, samples, tokens)} == {np.dtype("int32")}
        for prompt, sample, token in zip(prompts, samples, tokens, strict=True):
            seen.setdefault((int(prompt), int(sample)), []).append(int(token))

    found = decoder(model, list(range(1, 8)), rows=4).generate(some_prompts(3), request(), observe)
    assert [seen[p, s] for p in range(3) for s in range(3)] == split(found)
    assert calls < len(found.tokens)


REFUSED = [
    ({"temperature": -1.0}, "usage", "temperature of at least 0"),
    ({"temperature": float("inf")}, "usage", "temperature of at least 0"),
    ({"top_k": -1}, "usage", "top-k of at least 0"),
    ({"top_p": 0.0}, "usage", "top-p above 0"),
    ({"min_p": -0.1}, "usage", "min-p from 0 to 1, got -0.1"),
    ({"min_p": float("nan")}, "usage", "min-p from 0 to 1, got nan"),
    ({"least": 21}, "usage", "minimum length from 0 to the longest, 20 tokens, got 21"),
    ({"least": -1}, "usage", "minimum length from 0 to the longest, 20 tokens, got -1"),
    ({"stops": ["a", ""]}, "usage", "stop string with a character, got an empty one"),
    ({"stops": ["a"]}, "usage", "stop strings need the tokenizer's decoding"),
]


@pytest.mark.parametrize(("drawn", "code", "sentence"), REFUSED)
def test_impossible_requests_are_refused(drawn: dict[str, Any], code: str, sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence) as caught:
        decoder(tiny_model("tiny-llama")).generate(some_prompts(1), request(**drawn))
    assert caught.value.code == code


def test_a_minimum_needs_a_token_that_is_no_end() -> None:
    model = tiny_model("tiny-llama")
    every = list(range(model.config.vocab_size))
    with pytest.raises(EngineError, match="expected a token that isn't an end token"):
        decoder(model, every).generate(some_prompts(1), request(least=1))


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        ([], "prompt 1 must have a token"),
        ([1] * 128, "prompt 1 of 128 tokens leaves no room in a context of 128"),
        ([1, 512], "prompt 1 has token 512; the model has tokens 0 to 511"),
        ([-1], "prompt 1 has token -1"),
    ],
)
def test_bad_prompts_are_refused(tokens: list[int], sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence) as caught:
        decoder(tiny_model("tiny-llama")).generate([Prompt([1], 0), Prompt(tokens, 1)], request())
    assert caught.value.code == "data"


def test_logits_that_are_no_numbers_end_the_call() -> None:
    model = tiny_model("tiny-llama")
    own = decoder(model)
    own.generate(some_prompts(1), request())
    with torch.no_grad():
        model.model.norm.weight[3] = torch.nan
    with pytest.raises(EngineError, match="prompt 0, sample 0, token 0 are not finite") as caught:
        own.generate(some_prompts(1), request())
    assert caught.value.code == "not-finite"


def test_the_model_trains_on_as_before() -> None:
    model = tiny_model("tiny-llama").train()
    decoder(model).generate(some_prompts(2), request())
    assert model.training
    model(input_ids=torch.tensor([[1, 2, 3]])).logits.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_no_prompts_give_no_completions() -> None:
    found = decoder(tiny_model("tiny-llama")).generate([], request())
    assert found.offsets.tolist() == [0] and len(found.tokens) == 0


def test_checkpoints_of_the_repository_are_there() -> None:
    assert all(Path(FIXTURES / name).is_dir() for name in TINY)
