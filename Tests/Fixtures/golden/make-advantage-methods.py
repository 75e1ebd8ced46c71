"""Writes advantage-methods.json: advantages of a small batch, by the methods' authors' own code.

Needs torch and numpy, and five files, none of which is a package: functions and statements are
taken from their source and run in float64, and nothing of theirs is written down here. The files,
of these repositories and commits:
  logp_ray_trainer.py   Hesse73/RLVR-Directions af8f20a, verl/recipe/logprl/logp_ray_trainer.py
  decomposed.py         TianHongZXY/RLVR-Decomposed a5d4e7c, verl/trainer/ppo/core_algos.py
  polarity.py           txy77/Sample-Polarity-of-RLVR 24a37f7, verl/trainer/ppo/core_algos.py
  lopti.py              zhyang2226/AR-Lopti cbeb333, verl/trainer/ppo/ray_trainer.py
  weighted_token.py     Wodlfvllf/grpo-composer 2c98d7e,
                        grpo_composer/core/aggregation/weighted_token.py
Usage: python make-advantage-methods.py THE-FIVE-FILES-IN-THIS-ORDER > advantage-methods.json
"""

import ast
import contextlib
import io
import json
import math
import pathlib
import random
import sys
from collections import defaultdict
from types import SimpleNamespace

import numpy
import torch

# A group of one, one without a difference, and completions of one token.
LENGTHS = [[7, 3, 5, 12], [6, 1, 9], [5, 2], [4], [8, 6, 10, 1, 5]]
REWARDS = [[1, 0, 0, 0], [1, 1, 0], [1, 1], [1], [1, 0, 1, 0, 0]]
# Every fifth token is one that a policy hardly ever draws.
RARE = 5


class Batch:
    """Sequences without padding, and the padded tensors that the peers take."""

    def __init__(self):
        draw = random.Random(20251130)
        self.lengths = sum(LENGTHS, [])
        self.rewards = sum(REWARDS, [])
        self.groups = [group for group, lengths in enumerate(LENGTHS) for _ in lengths]
        tokens = range(sum(self.lengths))

        def binary(value):
            # Whole 1024ths are exact in float32.
            return round(value * 1024) / 1024

        self.old = [
            binary(draw.uniform(-9, -6.5) if n % RARE == 0 else math.log(draw.uniform(0.02, 0.99)))
            for n in tokens
        ]
        self.entropies = [binary(draw.uniform(0, 3)) for _ in tokens]
        self.mask = self.padded([1.0] * len(tokens))
        self.log_probs = self.padded(self.old)
        # The reward is at the last token, as verl has it.
        ends = [
            [0.0] * (length - 1) + [float(reward)]
            for length, reward in zip(self.lengths, self.rewards)
        ]
        self.scores = self.padded(sum(ends, []))

    def padded(self, values):
        rows, place = [], 0
        for length in self.lengths:
            rows.append(values[place : place + length] + [0.0] * (max(self.lengths) - length))
            place += length
        return torch.tensor(rows)

    def flat(self, tensor):
        return [x for row, n in zip(tensor.tolist(), self.lengths) for x in row[:n]]


def defined(file, name, **names):
    """A function or class of a file, without decorators and annotations, whose names it lacks."""
    for node in ast.walk(ast.parse(pathlib.Path(file).read_text())):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            node.decorator_list = []
            if isinstance(node, ast.FunctionDef):
                for argument in node.args.args:
                    argument.annotation = None
            scope = {"torch": torch, "np": numpy, "defaultdict": defaultdict} | names
            exec(compile(ast.Module([node], []), file, "exec"), scope)
            return scope[name]
    raise SystemExit(f"{file} has no {name}")


def statement(file, condition):
    """The first `if` of a file whose condition reads so."""
    for node in ast.walk(ast.parse(pathlib.Path(file).read_text())):
        if isinstance(node, ast.If) and ast.unparse(node.test) == condition:
            return compile(ast.Module([node], []), file, "exec")
    raise SystemExit(f"{file} has no 'if {condition}'")


class Peers:
    """The authors' code, called with the batch."""

    def __init__(self, batch, files):
        self.batch = batch
        directions, decomposed, polarity, lopti, composer = files
        self.directions = statement(directions, "self.config.algorithm.reweight.enable")
        self.psr_nsr = defined(decomposed, "compute_psr_nsr_outcome_advantage")
        self.polarity = defined(polarity, "compute_grpo_outcome_advantage")
        self.decomposed = decomposed
        self.lopti = defined(lopti, "compute_reweight_advantage")
        self.composer = defined(
            composer, "WeightedTokenAggregation", AggregationFunction=object)

    def grpo(self, **settings):
        """Sample-Polarity's GRPO, with its shaping of completions or tokens."""
        names = [
            f"token_weighted_{sign}_{end}_{what}"
            for sign in ["positive", "negative"] for end in ["high", "low"]
            for what in ["num_ratio", "scale"]
        ]
        settings = dict.fromkeys(["token_weighted_metric", *names]) | settings
        return self.polarity(
            data=SimpleNamespace(batch={"old_log_probs": self.batch.log_probs}),
            token_level_rewards=self.batch.scores.clone(), token_level_scores=self.batch.scores,
            response_mask=self.batch.mask, entropys=self.batch.padded(self.batch.entropies),
            index=self.batch.groups, **settings)[0]

    def reweighted(self, advantages, method, constant, adv_mask="none"):
        """RLVR-Directions' statements between the advantage and the update."""
        reweight = SimpleNamespace(
            enable=True, method=method, constant=constant, adv_mask=adv_mask)
        batch = SimpleNamespace(
            batch={"old_log_probs": self.batch.log_probs, "advantages": advantages})
        scope = {
            "self": SimpleNamespace(
                config=SimpleNamespace(algorithm=SimpleNamespace(reweight=reweight))),
            "batch": batch, "reweight_mask": None, "response_masks": self.batch.mask,
            "metrics": {}, "torch": torch, "np": numpy, "defaultdict": defaultdict,
        }
        with contextlib.redirect_stdout(io.StringIO()):  # It prints shapes.
            exec(self.directions, scope)
        return batch.batch["advantages"]

    def outcome(self, advantage, weight=1.0):
        return self.psr_nsr(
            token_level_rewards=self.batch.scores, token_level_scores=self.batch.scores,
            eos_mask=self.batch.mask, gamma=1.0, advantage=advantage,
            positive_advantage_weight=weight)[0]

    def quantiled(self, quantile):
        """verl's GRPO, as RLVR-Decomposed has it, with another function for the group's mean."""

        class Patched:
            mean = staticmethod(quantile)

            def __getattr__(self, name):
                return getattr(torch, name)

        function = defined(
            self.decomposed, "compute_grpo_outcome_advantage", torch=Patched())
        return function(self.batch.scores.clone(), self.batch.mask, self.batch.groups)[0]

    def token_weights(self, **settings):
        """The slopes of grpo-composer's aggregated loss by each token's, times the tokens' number."""
        losses = torch.zeros_like(self.batch.mask, requires_grad=True)
        total = self.composer(**settings).aggregate(losses, self.batch.mask, self.batch.log_probs)
        total.backward()
        return losses.grad * (self.batch.mask.sum() + 1e-8)


def stapo(batch, advantages, probability=0.002, quantile=0.75, of="unlikely", renormalised=True):
    """The mask of arXiv 2602.15620, section 3, as the text has it: no code of it was found."""
    mask = batch.mask.bool()
    entropies = batch.padded(batch.entropies)
    unlikely = mask & (advantages > 0) & (batch.log_probs.exp() < probability)
    threshold = torch.quantile(entropies[unlikely if of == "unlikely" else mask], quantile)
    kept = mask & ~(unlikely & (entropies < threshold))
    scale = mask.sum() / kept.sum() if renormalised else 1.0
    return advantages * kept * scale


def inverse(share):
    return lambda values: torch.tensor(
        numpy.quantile(values.numpy(), share, method="inverted_cdf"))


def all_cases(batch, peers):
    """Each source with its chain, its advantages, and what else a case has."""
    first = {"use": "grpo"}
    plain = peers.grpo()
    group = "Sample-Polarity 24a37f7, compute_grpo_outcome_advantage"
    yield group, [first], plain, {}

    directions = f"{group}, then RLVR-Directions af8f20a, "
    ar = {"use": "advantage-reweighting"}
    for constant in [0.1, 0.2, 1.0]:
        yield (
            f"{directions}reshape_reversed {constant}", [first, ar | {"alpha": -constant}],
            peers.reweighted(plain, "reshape_reversed", constant), {})
    yield (
        f"{directions}reshape 0.3", [first, ar], peers.reweighted(plain, "reshape", 0.3), {})
    yield (
        f"{directions}reshape_reversed 0.5, adv_mask negative",
        [first, ar | {"alpha": -0.5, "negative-only": True}],
        peers.reweighted(plain, "reshape_reversed", 0.5, "negative"), {})

    weight = {"use": "tr-grpo"}
    for method, form in [("reshape", "linear"), ("normalize", "inverse"), ("middle", "middle")]:
        for constant in [0.1, 0.5]:
            yield (
                f"{directions}{method} {constant}",
                [first, weight | {"form": form, "alpha": constant}],
                peers.reweighted(plain, method, constant), {})
    for k, tau in [(5.0, 0.5), (1.0, 0.25)]:
        yield (
            f"{group}, then AR-Lopti cbeb333, both_sigmoid, k {k}, tau {tau}",
            [first, weight | {"form": "centred-sigmoid", "alpha": k, "mu": tau}],
            peers.lopti(plain, batch.log_probs, "both_sigmoid", k, tau, 1.0), {})
    for alpha, tau, mu, low, high in [
        (2.0, 1 / 9, 0.25, 1.0, 1.4), (2.0, 9.0, 0.25, 1.0, 1.4), (2.0, 1.0, 0.25, 0.0, 10.0),
        (3.0, 0.5, 0.5, 0.25, 1.25),
    ]:
        settings = {"alpha": alpha, "tau": tau, "mu": mu}
        weights = peers.token_weights(**settings, clip_lower=low, clip_upper=high)
        yield (
            f"{group}, times grpo-composer 2c98d7e, WeightedTokenAggregation, {settings},"
            f" {low} to {high}",
            [first, weight | settings | {"lower": low, "upper": high}], plain * weights, {})
    yield (
        f"{group}, times Fulcrum's own form power",
        [first, weight | {"form": "power", "alpha": 0.5}],
        plain * batch.log_probs.exp().sqrt(), {})

    shaped = {"use": "a3po"}
    for step, share, up, down, decay in [
        (1, 0.2, 2.0, 2.0, 0.005), (1, 0.2, 2.0, 5.0, 0.005), (101, 0.5, 4.0, 3.0, 0.015625),
        (201, 0.2, 2.0, 2.0, 0.005), (1, 1.0, 1.5, 1.0, 0.0),
    ]:
        left = [max(factor - decay * (step - 1), 1.0) for factor in (up, down)]
        yield (
            f"{group}, token-weighted by prob, positive low {left[0]}, negative high {left[1]} of"
            f" {share}; the schedule is ours",
            [first, shaped | {
                "positive-factor": up, "negative-factor": down, "share": share, "decay": decay}],
            peers.grpo(
                advantage="token-weighted", token_weighted_metric="prob",
                token_weighted_positive_low_num_ratio=share,
                token_weighted_positive_low_scale=left[0],
                token_weighted_negative_high_num_ratio=share,
                token_weighted_negative_high_scale=left[1]),
            {"step": step})

    signed = {"use": "positive-weight"}
    outcome = signed | {"values": "outcome"}
    decomposed = "RLVR-Decomposed a5d4e7c, compute_psr_nsr_outcome_advantage, "
    for up in [0.1, 0.5]:
        yield (
            f"{decomposed}weighted {up}", [outcome | {"positive": up}],
            peers.outcome("weighted", up), {})
    yield (
        decomposed + "positive", [outcome | {"positive": 1.0, "negative": 0.0}],
        peers.outcome("positive"), {})
    yield (
        decomposed + "negative", [outcome | {"positive": 0.0, "negative": 1.0}],
        peers.outcome("negative"), {})
    for up, down in [(0.1, 1.0), (2.0, 1.0), (1.0, 0.25)]:
        yield (
            f"{group}, weighted, positive {up}, negative {down}",
            [first, signed | {"positive": up, "negative": down}],
            peers.grpo(
                advantage="weighted", positive_advantage_weight=up,
                negative_advantage_weight=down),
            {})

    baseline = {"use": "quantile-baseline"}
    swapped = "RLVR-Decomposed a5d4e7c, compute_grpo_outcome_advantage, its mean replaced by "
    for share in [0.25, 0.4, 0.6, 0.8]:
        yield (
            f"{swapped}torch.quantile at {share}, as QAE's README has it",
            [baseline | {"quantile": share, "definition": "linear"}],
            peers.quantiled(lambda values, share=share: torch.quantile(values, share)), {})
        yield (
            f"{swapped}numpy.quantile inverted_cdf at {share}, as QAE's text has it",
            [baseline | {"quantile": share}], peers.quantiled(inverse(share)), {})

    for of, share in [("unlikely", 0.75), ("unlikely", 0.25), ("all", 0.8), ("all", 0.2)]:
        for renormalised in [True, False]:
            link = {"use": "stapo", "entropy-quantile": share, "quantile-of": of}
            yield (
                f"{group}, then the text of arXiv 2602.15620",
                [first, link | {"renormalised": renormalised}],
                stapo(batch, plain, quantile=share, of=of, renormalised=renormalised), {})
    yield (
        f"{group}, then the text of arXiv 2602.15620",
        [first, {"use": "stapo", "probability": 0.25, "entropy-quantile": 0.5}],
        stapo(batch, plain, probability=0.25, quantile=0.5), {})


def main():
    torch.set_default_dtype(torch.float64)
    batch = Batch()
    peers = Peers(batch, sys.argv[1:])
    head = {
        "lengths": LENGTHS, "rewards": batch.rewards, "old-log-probabilities": batch.old,
        "entropies": batch.entropies,
    }
    cases = [
        {"source": source, **more, "chain": chain, "advantages": batch.flat(result)}
        for source, chain, result, more in all_cases(batch, peers)
    ]
    lines = [f' "{key}": {json.dumps(value)},' for key, value in head.items()]
    lines += [' "cases": [', ",\n".join("  " + json.dumps(case) for case in cases), " ]"]
    print("\n".join(["{", *lines, "}"]))
    print(f"{len(cases)} cases of {len(batch.old)} tokens", file=sys.stderr)


if __name__ == "__main__":
    main()
