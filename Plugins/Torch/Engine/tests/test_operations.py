"""Operations of a pass, against counts by hand."""

from __future__ import annotations

import torch
from conftest import FIXTURES
from transformers import AutoConfig, AutoModelForCausalLM, MixtralConfig, PretrainedConfig

from fulcrum_engine.operations import operations


def counted(config: PretrainedConfig) -> dict[str, float]:
    with torch.device("meta"):
        return operations(AutoModelForCausalLM.from_config(config))


def test_a_llamas_operations_are_those_of_its_matrices() -> None:
    config = AutoConfig.from_pretrained(FIXTURES / "tiny-llama")
    width, hidden, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    queries = config.num_attention_heads * config.head_dim
    keys = config.num_key_value_heads * config.head_dim
    matrices = width * (2 * queries + 2 * keys + 3 * hidden)
    assert counted(config) == {
        "row": 2.0 * layers * matrices,
        "pair": 4.0 * layers * queries,
        "scored": 2.0 * width * config.vocab_size,
    }


def test_a_token_pays_for_the_experts_that_it_is_sent_to() -> None:
    config = MixtralConfig(
        vocab_size=32,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        num_local_experts=4,
        num_experts_per_tok=2,
    )
    # Queries, keys, values and output; the router; two experts of three matrices.
    matrices = 8 * (8 + 4 + 4 + 8) + 8 * 4 + 2 * 3 * 8 * 16
    assert counted(config)["row"] == 2.0 * matrices
