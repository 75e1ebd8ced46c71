"""Compares advantages.json with what verl's and TRL's own functions make of its batch.

Needs torch, verl 0.9.1 and trl 1.16.0 with what they import. Everything runs in double precision.
Says which cases were compared, and ends with an error if a number differs by more than 1e-12
(1e-9 where tokens are whitened, 2e-8 where weights are divided by a mean).
Usage: python compare-advantages.py
"""

import importlib.machinery
import json
import pathlib
import sys
import types
from unittest.mock import Mock

import numpy as np
import torch


def placeholder(name, **names):
    """A module in place of one that only holds configuration classes and needs more packages."""
    module = types.ModuleType(name)
    module.__dict__.update(names)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    sys.modules[name] = module


placeholder("verl.workers.config", ActorConfig=object)
placeholder("verl.workers.config.actor", PolicyLossConfig=object)
placeholder("verl.trainer.config", AlgoConfig=object)
placeholder("verl.trainer.config.algorithm", RolloutCorrectionConfig=object)

from trl.trainer.grpo_trainer import GRPOTrainer  # noqa: E402
from verl.trainer.ppo import core_algos as verl  # noqa: E402
from verl.trainer.ppo import rollout_corr_helper  # noqa: E402

# verl makes the moments of a group of one in the default precision.
torch.set_default_dtype(torch.double)
golden = json.loads(pathlib.Path(__file__).with_name("advantages.json").read_text())
lengths = sum(golden["lengths"], [])
groups = np.repeat(np.arange(len(golden["lengths"])), [len(g) for g in golden["lengths"]])


def padded(flat):
    rows, start = torch.zeros(len(lengths), max(lengths), dtype=torch.double), 0
    for row, length in enumerate(lengths):
        rows[row, :length] = torch.tensor(flat[start : start + length], dtype=torch.double)
        start += length
    return rows


mask = padded([1.0] * sum(lengths))
old, rollout, reference, entropies = (
    padded(golden[name])
    for name in [
        "old-log-probabilities", "rollout-log-probabilities", "reference-log-probabilities", "entropies"]
)


def token_rewards(beta=0.0, estimator="k1"):
    """The reward on the last token, less the KL: verl's apply_kl_penalty, without its containers."""
    scores = torch.zeros_like(mask)
    for row, length in enumerate(lengths):
        scores[row, length - 1] = golden["rewards"][row]
    return scores - beta * verl.kl_penalty(old, reference, estimator) * mask if beta else scores


def advantages(scores, use, baseline="none", scale="group", **more):
    """verl's; None for what stands in the middle of a method of TRL and can't be called."""
    if use == "reinforce-plus-plus" and baseline == "none":
        config = types.SimpleNamespace(gamma=1.0)
        return verl.compute_reinforce_plus_plus_outcome_advantage(scores, mask, config=config)[0]
    if use == "reinforce-plus-plus":
        return verl.compute_reinforce_plus_plus_baseline_outcome_advantage(scores, mask, groups)[0]
    if use == "rloo":
        return verl.compute_rloo_outcome_advantage(scores, mask, groups)[0]
    if scale == "batch":
        return None
    return verl.compute_grpo_outcome_advantage(
        scores, mask, groups, epsilon=more.get("deviation-floor", 1e-6),
        norm_adv_by_std_in_grpo=use == "grpo" and scale == "group")[0]


def high_entropy_mask(share):
    trainer = Mock(spec=GRPOTrainer)
    trainer.accelerator = Mock()
    trainer.accelerator.pad_across_processes = lambda values, **_: values
    trainer.accelerator.gather = lambda values: values
    return GRPOTrainer.get_high_entropy_mask(trainer, entropies, mask, 1 - share)


def correction(level="token", mode="truncate", lower=0.0, upper=2.0, **more):
    """verl's weights; its bounds of a rejection are of 1/ratio."""
    kind = {"token": "token_k1", "sequence": "seq_sum_k1", "sequence-mean": "seq_mean_k1"}[level]
    bounds = {"rollout_is": level, "rollout_is_threshold": f"{lower}_{upper}" if lower else upper}
    if mode == "reject":
        bounds = {"rollout_rs": kind, "rollout_rs_threshold": f"{1 / upper}_{1 / lower}"}
    weights, kept, _ = rollout_corr_helper.compute_rollout_correction_and_rejection_mask(
        old, rollout, mask, rollout_is_batch_normalize=more.get("mean-normalised", False), **bounds)
    return kept if weights is None else weights.batch["rollout_is_weights"]


def peers(chain):
    """What verl and TRL give for a chain; None for what neither of them has."""
    chain = list(chain)
    scores = token_rewards()
    if chain[0]["use"] == "kl-penalty":
        kl = chain.pop(0)
        scores = token_rewards(kl["beta"], kl["estimator"])
        if not chain:
            config = types.SimpleNamespace(gamma=1.0)
            return verl.compute_reinforce_plus_plus_outcome_advantage(scores, mask, config=config)[1]
    result = advantages(scores.clone(), **chain.pop(0))
    for link in chain:
        if link["use"] == "entropy-top":
            result = result * high_entropy_mask(link["share"])
        elif link["use"] == "rollout-correction":
            result = result * correction(**{key: link[key] for key in link if key != "use"})
        else:
            return None
    return result


compared = 0
for case in golden["cases"]:
    theirs = peers(case["chain"])
    if theirs is None:
        continue
    compared += 1
    difference = (theirs - padded(case["advantages"])).abs().max().item()
    print(f"{difference:.1e}  {case['chain']}")
    # verl's masked_mean adds 1e-8 to the number of tokens, of the batch or of a completion.
    whitened = any(link["use"] == "reinforce-plus-plus" for link in case["chain"])
    normalised = any("mean-normalised" in link for link in case["chain"])
    limit = 2e-8 if normalised else 1e-9 if whitened else 1e-12
    assert difference < limit, "verl or TRL has other numbers"
print(f"{compared} of {len(golden['cases'])} cases are verl's and TRL's own")
