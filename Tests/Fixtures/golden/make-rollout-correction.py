"""Writes rollout-correction.json: weights of one small batch, from TRL's and verl's own code.

Needs torch, trl 1.16.0 and verl 0.9.1 with what they import, and verl 0.6.1's file
verl/trainer/ppo/rollout_corr_helper.py, of a version with a veto and with rejection by bounds of the
ratio. Nothing of theirs is written down here: verl's functions are called, and TRL's statements, which
stand in the middle of a method, are taken from its source and run. All in float64.
Usage: python make-rollout-correction.py VERL-0.6.1-FILE > rollout-correction.json
"""

import ast
import importlib.util
import inspect
import json
import random
import sys
import textwrap
from collections import defaultdict
from types import SimpleNamespace

import torch
import trl
import verl
from trl.trainer import grpo_trainer
from verl.trainer.ppo import rollout_corr_helper

LENGTHS = [[4, 1, 6], [3, 5], [2, 7, 1]]
# log π_old − log π_rollout of some tokens; the others' are small. ±21.5 are beyond verl's limit.
OUTLIERS = {1: 1.25, 5: -1.5, 8: -0.75, 12: 2.5, 15: -4.0, 19: 21.5, 23: -21.5, 28: 0.875}


def binary(value):
    """A number of few bits, so that float32 has it exactly."""
    return round(value * 1024) / 1024


class Batch:
    """Sequences without padding, and the padded tensors that the peers take."""

    def __init__(self):
        draw = random.Random(20251021)
        self.lengths = sum(LENGTHS, [])
        tokens = range(sum(self.lengths))
        ratios = [OUTLIERS.get(token, draw.gauss(0, 0.06)) for token in tokens]
        # Neither is above 0.
        self.old = [binary(draw.uniform(-3, -0.1) + min(ratio, 0)) for ratio in ratios]
        self.rollout = [min(binary(x - ratio), 0.0) for x, ratio in zip(self.old, ratios)]
        self.mask = self.padded([1.0] * len(tokens))

    def padded(self, values):
        rows, place = [], 0
        for length in self.lengths:
            rows.append(values[place : place + length] + [0.0] * (max(self.lengths) - length))
            place += length
        return torch.tensor(rows, dtype=torch.float64)

    def flat(self, tensor):
        return [x for row, n in zip(tensor.tolist(), self.lengths) for x in row[:n]]


def statements(word):
    """TRL's `if self.use_vllm and self.vllm_importance_sampling_correction:` that sets a name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(grpo_trainer.GRPOTrainer)))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "importance_sampling_correction" in ast.unparse(node.test):
            assigned = {
                target.id
                for part in ast.walk(node) if isinstance(part, ast.Assign)
                for target in part.targets if isinstance(target, ast.Name)
            }
            if word in assigned:
                return compile(ast.Module([node], []), "grpo_trainer.py", "exec")
    raise SystemExit(f"TRL has no such statement: {word}")


def run_trl(batch, mode, low, high):
    """The weights of each token, and TRL's metrics of them."""
    trainer = SimpleNamespace(
        use_vllm=True, vllm_importance_sampling_correction=True, vllm_importance_sampling_mode=mode,
        vllm_importance_sampling_clip_min=low, vllm_importance_sampling_clip_max=high,
        accelerator=SimpleNamespace(gather=lambda values: values),
        _metrics=defaultdict(lambda: defaultdict(list)))
    names = vars(grpo_trainer) | {
        "self": trainer, "completion_mask": batch.mask, "tool_mask": None, "mode": "train",
        "device": "cpu", "old_per_token_logps": batch.padded(batch.old),
        "sampling_per_token_logps": batch.padded(batch.rollout),
    }
    exec(statements("vllm_importance_sampling_ratio"), names)
    exec(statements("flat_is_ratio"), names)
    metrics = {
        "weight/" + name.split("/")[-1]: values[0]
        for name, values in trainer._metrics["train"].items() if "importance_sampling_ratio" in name
    }
    return batch.flat(names["vllm_importance_sampling_ratio"].expand_as(batch.mask)), metrics


def run_verl(batch, helper=rollout_corr_helper, **settings):
    """The weights of each token, 0 where the mask leaves it out, and verl's own metrics."""
    weights, mask, metrics = helper.compute_rollout_correction_and_rejection_mask(
        old_log_prob=batch.padded(batch.old), rollout_log_prob=batch.padded(batch.rollout),
        response_mask=batch.mask, **settings)
    ones = torch.ones_like(mask)
    weights = ones if weights is None else weights.batch["rollout_is_weights"]
    return batch.flat(weights * mask), {
        name.removeprefix("rollout_corr/rollout_"): value for name, value in metrics.items()
    }


def main():
    batch = Batch()
    spec = importlib.util.spec_from_file_location("older_helper", sys.argv[1])
    older = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(older)
    cases = []

    def add(source, chain, result, metrics):
        chain = [{"use": "rollout-correction"} | link for link in chain]
        cases.append({"source": source, "chain": chain, "weights": result, "metrics": metrics})

    def from_trl(mode, high, low=None):
        level, kind = mode.split("_")
        weights, metrics = run_trl(batch, mode, low, high)
        link = {"level": level, "mode": kind, "upper": high}
        link |= {} if low is None else {"lower": low}
        source = f"TRL {trl.__version__}, {mode}, clip_min {low}, clip_max {high}"
        add(source, [link], weights, metrics)

    def from_verl(chain, metrics, version=verl.__version__, helper=rollout_corr_helper, **settings):
        """`metrics`: verl's name for ours."""
        weights, theirs = run_verl(batch, helper, **settings)
        text = ", ".join(f"{key}={value}" for key, value in settings.items())
        named = {ours: theirs[name] for ours, name in metrics.items()}
        add(f"verl {version}, {text}", chain, weights, named)

    from_trl("sequence_mask", 3.0)  # its default
    from_trl("sequence_mask", 3.0, 0.25)
    from_trl("sequence_truncate", 2.0)
    from_trl("sequence_truncate", 3.0, 0.25)
    from_trl("token_truncate", 2.0)
    from_trl("token_truncate", 3.0, 0.5)
    from_trl("token_mask", 3.0)
    from_trl("token_mask", 5.0, 0.5)

    token = {
        "weight/mean": "is_mean", "weight/min": "is_min", "weight/max": "is_max",
        "effective_sample_size": "is_eff_sample_size"}
    from_verl([{}], token, rollout_is="token", rollout_is_threshold=2.0)
    from_verl(
        [{"mode": "mask", "lower": 0.5, "upper": 5.0}], token | {"masked_share": "is_oob_ratio"},
        rollout_is="token", rollout_is_threshold="0.5_5.0")
    from_verl([{"upper": 1e9}], token, rollout_is="token", rollout_is_threshold=1e9)
    from_verl(
        [{"mean-normalised": True}], {"weight/mean": "is_batch_norm_factor"}, rollout_is="token",
        rollout_is_threshold=2.0, rollout_is_batch_normalize=True)
    sequence = {"level": "sequence"}
    # Its least ratio of a sequence is not held at e^-20, so that there is nothing to compare.
    extent = {"importance_sampling_ratio/max": "is_max"}
    from_verl([sequence], extent, rollout_is="sequence", rollout_is_threshold=2.0)
    from_verl([sequence | {"upper": 1e9}], extent, rollout_is="sequence", rollout_is_threshold=1e9)
    from_verl(
        [sequence | {"mode": "mask", "lower": 0.5}], extent, rollout_is="sequence",
        rollout_is_threshold="0.5_2.0")
    from_verl(
        [sequence | {"mean-normalised": True}], {"weight/mean": "is_batch_norm_factor"},
        rollout_is="sequence", rollout_is_threshold=2.0, rollout_is_batch_normalize=True)

    def reject(level, low, high):
        """Bounds of ρ for verl's bounds of 1/ρ."""
        return {"level": level, "mode": "reject", "lower": 1 / high, "upper": 1 / low}

    from_verl(
        [reject("token", 0.5, 3.0)], {"masked_share": "rs_masked_fraction"}, rollout_rs="token_k1",
        rollout_rs_threshold="0.5_3.0")
    from_verl(
        [reject("sequence", 0.25, 3.0)], {"masked_share": "rs_seq_masked_fraction"},
        rollout_rs="seq_sum_k1", rollout_rs_threshold="0.25_3.0")
    mean = reject("sequence-mean", 0.8, 1.5)
    from_verl(
        [mean], {"masked_share": "rs_seq_masked_fraction"}, rollout_rs="seq_mean_k1",
        rollout_rs_threshold="0.8_1.5")
    from_verl(
        [mean, {}], {}, rollout_is="token", rollout_is_threshold=2.0, rollout_rs="seq_mean_k1",
        rollout_rs_threshold="0.8_1.5")
    older_one = {"version": "0.6.1", "helper": older}
    veto = {"vetoed_share": "is_veto_fraction"}
    from_verl(
        [{"veto": 0.25}], veto, **older_one, rollout_is="token", rollout_is_threshold=2.0,
        rollout_token_veto_threshold=0.25)
    geometric = {"level": "sequence-mean", "mode": "reject", "lower": 0.625, "upper": 1.25}
    from_verl(
        [geometric | {"veto": 1e-4}], veto, **older_one, rollout_rs="geometric",
        rollout_rs_threshold=1.25, rollout_rs_threshold_lower=0.625,
        rollout_token_veto_threshold=1e-4)

    head = {
        "lengths": LENGTHS, "old-log-probabilities": batch.old,
        "rollout-log-probabilities": batch.rollout,
    }
    lines = [f' "{key}": {json.dumps(value)},' for key, value in head.items()]
    lines += [' "cases": [', ",\n".join("  " + json.dumps(case) for case in cases), " ]"]
    print("\n".join(["{", *lines, "}"]))
    print(f"{len(cases)} cases of {len(batch.old)} tokens", file=sys.stderr)


if __name__ == "__main__":
    main()
