"""Writes advantages.json beside this file: what verl's and TRL's own functions make of one batch.

    PYTHONPATH=<folder with the packages verl and trl> python make-advantages.py

Needs torch, numpy, transformers, verl 0.9.1 and trl 1.16.0. Everything runs in double precision.
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
placeholder("verl.trainer.config", AlgoConfig=object)

from trl.trainer.grpo_trainer import GRPOTrainer  # noqa: E402
from verl.trainer.ppo import core_algos as verl  # noqa: E402

# The batch: inputs are rounded to single precision, as the trainer has them.
LENGTHS = [[3, 1, 5, 2], [4, 4, 1, 3], [2, 5, 1, 4]]
REWARDS = [[3, -0.5, -1, -3], [0.1, 0.7, 0.25, 0.9], [2, 2, 2, 2]]
random = np.random.default_rng(20250519)
lengths = sum(LENGTHS, [])
count, longest = sum(lengths), max(lengths)
single = lambda values: np.asarray(values, np.float32).astype(float)  # noqa: E731
rewards = single(sum(REWARDS, []))
old = single(np.log(random.uniform(0.02, 1, count)))
reference = single(np.minimum(old + random.normal(0, 0.5, count), -0.001))
entropies = single(random.uniform(0, 2.5, count))
groups = np.repeat(np.arange(len(LENGTHS)), [len(group) for group in LENGTHS])


def padded(flat):
    rows, start = torch.zeros(len(lengths), longest, dtype=torch.double), 0
    for row, length in enumerate(lengths):
        rows[row, :length] = torch.from_numpy(flat[start : start + length])
        start += length
    return rows


def flat(rows):
    return [float(x) for row, length in zip(rows, lengths) for x in row[:length]]


mask = padded(np.ones(count))


def token_rewards(beta=0.0, estimator="k1"):
    """The reward on the last token, less the KL: verl's apply_kl_penalty, without its containers."""
    scores = torch.zeros_like(mask)
    for row, length in enumerate(lengths):
        scores[row, length - 1] = rewards[row]
    if beta == 0:
        return scores
    return scores - beta * verl.kl_penalty(padded(old), padded(reference), estimator) * mask


def grpo(scores, floor=1e-6, by_deviation=True):
    return verl.compute_grpo_outcome_advantage(
        scores.clone(), mask, groups, epsilon=floor, norm_adv_by_std_in_grpo=by_deviation
    )[0]


def grpo_batch(scores, floor):
    """TRL's scale_rewards="batch" stands in the middle of a method, so its two lines are these."""
    returns = scores.sum(-1).view(len(LENGTHS), -1)
    difference = returns - returns.mean(1, keepdim=True)
    return (difference / (returns.std() + floor)).reshape(-1, 1) * mask


def rloo(scores):
    result = verl.compute_rloo_outcome_advantage(scores.clone(), mask, groups)[0]
    other = verl.compute_rloo_vectorized_outcome_advantage(scores.clone(), mask, groups)[0]
    # TRL's RLOOTrainer: the mean of the others, taken directly.
    returns = scores.sum(-1).view(len(LENGTHS), -1)
    others = (returns.sum(1, keepdim=True) - returns) / (returns.shape[1] - 1)
    assert torch.allclose(result, other, rtol=0, atol=1e-12)
    assert torch.allclose(result, (returns - others).reshape(-1, 1) * mask, rtol=0, atol=1e-12)
    return result


def reinforce(scores):
    return verl.compute_reinforce_plus_plus_outcome_advantage(
        scores.clone(), mask, config=types.SimpleNamespace(gamma=1.0)
    )


def reinforce_baseline(scores):
    return verl.compute_reinforce_plus_plus_baseline_outcome_advantage(
        scores.clone(), mask, groups
    )[0]


def top(advantages, share):
    trainer = Mock(spec=GRPOTrainer)
    trainer.accelerator = Mock()
    trainer.accelerator.pad_across_processes = lambda values, **_: values
    trainer.accelerator.gather = lambda values: values
    kept = GRPOTrainer.get_high_entropy_mask(trainer, padded(entropies), mask, 1 - share)
    return advantages * kept


plain = token_rewards()
cases = []


def case(source, advantages, *chain):
    cases.append({"source": source, "chain": list(chain), "advantages": flat(advantages)})


VERL = "verl 0.9.1, verl/trainer/ppo/core_algos.py, "
TRL = "trl 1.16.0, trl/trainer/grpo_trainer.py, "
GRPO = VERL + "compute_grpo_outcome_advantage"
case(GRPO, grpo(plain), {"use": "grpo"})
case(GRPO + ", epsilon=0.1", grpo(plain, 0.1), {"use": "grpo", "deviation-floor": 0.1})
case(GRPO + ", norm_adv_by_std_in_grpo=False", grpo(plain, by_deviation=False), {"use": "dr-grpo"})
case(
    GRPO + ", norm_adv_by_std_in_grpo=False",
    grpo(plain, by_deviation=False),
    {"use": "grpo", "scale": "none"},
)
case(
    TRL + "_generate_and_score_completions, scale_rewards='batch' (formula)",
    grpo_batch(plain, 1e-4),
    {"use": "grpo", "scale": "batch", "deviation-floor": 1e-4},
)
case(VERL + "compute_rloo_outcome_advantage", rloo(plain), {"use": "rloo"})
case(
    VERL + "compute_reinforce_plus_plus_outcome_advantage",
    reinforce(plain)[0],
    {"use": "reinforce-plus-plus"},
)
case(
    VERL + "compute_reinforce_plus_plus_baseline_outcome_advantage",
    reinforce_baseline(plain),
    {"use": "reinforce-plus-plus", "baseline": "group"},
)
for estimator in ["k1", "k2", "k3"]:
    charged = token_rewards(0.3, estimator)
    kl = {"use": "kl-penalty", "beta": 0.3, "estimator": estimator}
    source = VERL + f"kl_penalty '{estimator}' at 0.3, then "
    case(source + "the returns of REINFORCE++", reinforce(charged)[1], kl)
    case(source + "compute_grpo_outcome_advantage", grpo(charged), kl, {"use": "grpo"})
    case(source + "compute_rloo_outcome_advantage", rloo(charged), kl, {"use": "rloo"})
    case(
        source + "compute_reinforce_plus_plus_outcome_advantage",
        reinforce(charged)[0],
        kl,
        {"use": "reinforce-plus-plus"},
    )
    case(
        source + "compute_reinforce_plus_plus_baseline_outcome_advantage",
        reinforce_baseline(charged),
        kl,
        {"use": "reinforce-plus-plus", "baseline": "group"},
    )
for share in [0.2, 0.5, 1.0]:
    case(
        TRL + f"get_high_entropy_mask at {share} of verl's GRPO advantages",
        top(grpo(plain), share),
        {"use": "grpo"},
        {"use": "entropy-top", "share": share},
    )

# Single-precision inputs have at most nine digits; results have all of a double's.
short = lambda values: [float(f"{value:.9g}") for value in values]  # noqa: E731
head = {
    "source": f"make-advantages.py, torch {torch.__version__}, double precision",
    "lengths": LENGTHS,
    "rewards": short(rewards),
    "old-log-probabilities": short(old),
    "reference-log-probabilities": short(reference),
    "entropies": short(entropies),
}
lines = [f'  "{key}": {json.dumps(value)},' for key, value in head.items()]
lines += ['  "cases": [', ",\n".join("    " + json.dumps(entry) for entry in cases), "  ]"]
target = pathlib.Path(__file__).with_name("advantages.json")
target.write_text("\n".join(["{", *lines, "}"]) + "\n")
print(f"{target}: {len(cases)} cases of {count} tokens")
