"""Writes objectives.json: losses and slopes of one small mini-batch, from TRL's and verl's own code.

Needs torch, trl 1.16.0 and verl 0.9.1 with what they import. Nothing of theirs is written down here:
TRL's GRPOTrainer._compute_loss and verl's registered policy losses, kl_penalty and agg_loss are
called with a policy that consists of given log-probabilities, in float64, and autograd gives the
slopes. Usage: python make-objectives.py > objectives.json
"""

import json
import random
import struct
import sys
from collections import defaultdict
from types import SimpleNamespace

import torch
import trl
import verl
from trl.trainer.grpo_trainer import GRPOTrainer
from verl.trainer.ppo import core_algos
from verl.workers.config import ActorConfig
from verl.workers.config.actor import PolicyLossConfig

LENGTHS = [4, 2, 5, 1, 6, 3, 3, 4]
GROUPS = [3, 3, 2]
REWARDS = [3.0, -1.0, -0.5, -3.0, 3.0, 3.0, -1.0, -0.5]
HORIZON = 8  # a longest completion that none of these reaches


def single(value):
    """The nearest float32, as Python's float."""
    return struct.unpack("f", struct.pack("f", value))[0]


def binary(value):
    """A number of few bits, so that float32 has it exactly."""
    return round(value * 1024) / 1024


class Batch:
    """Sequences without padding, and the padded tensors that the peers take."""

    def __init__(self):
        draw = random.Random(20250512)
        tokens = sum(LENGTHS)
        self.old = [binary(draw.uniform(-4, -0.1)) for _ in range(tokens)]
        self.current = [min(binary(x + draw.gauss(0.05, 0.35)), 0.0) for x in self.old]
        # Far outside on both sides: ratios of about 20 and 1/8, under either sign of advantage.
        for token, drift in [(4, 3.0), (13, 2.75), (1, -2.0), (19, -2.125)]:
            self.old[token] = -4.0 if drift > 0 else -1.0
            self.current[token] = self.old[token] + drift
        self.reference = [min(binary(x + draw.gauss(0, 0.7)), 0.0) for x in self.current]
        self.entropies = [binary(draw.uniform(0, 2.5)) for _ in range(tokens)]
        self.sequence = [i for i, n in enumerate(LENGTHS) for _ in range(n)]
        self.mask = self.padded([1.0] * tokens)

    def padded(self, values):
        rows, place = [], 0
        for length in LENGTHS:
            rows.append(values[place : place + length] + [0.0] * (max(LENGTHS) - length))
            place += length
        return torch.tensor(rows, dtype=torch.float64)

    def flat(self, tensor):
        return [x for row, n in zip(tensor.tolist(), LENGTHS) for x in row[:n]]


def advantages(batch):
    """Each kind of advantage, one for each token, rounded to what float32 has."""
    grpo, dr, place = [], [], 0
    for size in GROUPS:
        rewards = REWARDS[place : place + size]
        mean = sum(rewards) / size
        deviation = (sum((r - mean) ** 2 for r in rewards) / (size - 1)) ** 0.5
        grpo += [(r - mean) / (deviation + 1e-6) for r in rewards]
        dr += [r - mean for r in rewards]
        place += size
    by_token = lambda values: [single(values[s]) for s in batch.sequence]
    alpha = 0.3
    old = torch.tensor(batch.old, dtype=torch.float64)
    factor = (alpha * old.exp() + 1 - alpha).tolist()
    # A value for each token, of either sign within a sequence.
    draw = random.Random(7)
    return {
        "grpo": by_token(grpo),
        "dr-grpo": by_token(dr),
        "reweighted": [single(f * single(grpo[s])) for f, s in zip(factor, batch.sequence)],
        "own": [binary(draw.uniform(-2, 2)) for _ in batch.sequence],
    }


def slopes(batch, loss, leaf):
    """The loss, and minus its derivative by each token's entry of `leaf`."""
    (gradient,) = torch.autograd.grad(loss, leaf)
    return loss.item(), [-x for x in batch.flat(gradient)]


def run_trl(batch, advantage, *, loss_type, level="token", low, high, delta=None, beta=0.0):
    """TRL's loss of the whole batch in one piece, without vLLM."""
    current = batch.padded(batch.current).requires_grad_()
    entropies = batch.padded(batch.entropies)
    one_process = SimpleNamespace(
        num_processes=1, sync_gradients=False, gather=lambda x: x, gather_for_metrics=lambda x: x,
        reduce=lambda x, reduction: x)
    trainer = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *a, **k: (current, entropies, None),
        aux_loss_enabled=False, top_entropy_quantile=1.0, off_policy_mask_threshold=None,
        importance_sampling_level=level, loss_type=loss_type, beta=beta, epsilon_low=low,
        epsilon_high=high, use_vllm=False, max_completion_length=HORIZON,
        current_gradient_accumulation_steps=1, _entropy_bonus_enabled=False,
        model=SimpleNamespace(training=True), accelerator=one_process,
        args=SimpleNamespace(delta=delta, use_bias_correction_kl=False, steps_per_generation=1),
        _metrics=defaultdict(lambda: defaultdict(list)))
    ids = torch.zeros_like(batch.mask, dtype=torch.long)
    inputs = {
        "prompt_ids": ids[:, :0], "prompt_mask": ids[:, :0], "completion_ids": ids,
        "completion_mask": batch.mask, "advantages": advantage,
        "old_per_token_logps": batch.padded(batch.old),
        "ref_per_token_logps": batch.padded(batch.reference),
        "num_items_in_batch": batch.mask.sum()}
    loss = GRPOTrainer._compute_loss(trainer, None, inputs)
    return slopes(batch, loss, current)


def run_verl(batch, advantage, *, mode, aggregation, beta=0.0, kl="low_var_kl", scale=None, **config):
    """verl's policy loss plus, with beta, its KL loss."""
    current = batch.padded(batch.current).requires_grad_()
    selection = {k: config.pop(k) for k in list(config) if "cov" in k or k == "ppo_kl_coef"}
    actor = ActorConfig(
        strategy="fsdp", rollout_n=1, ppo_micro_batch_size_per_gpu=1, **config,
        policy_loss=PolicyLossConfig(loss_mode=mode, **selection),
        global_batch_info={"loss_scale_factor": scale})
    loss, _ = core_algos.get_policy_loss_fn(mode)(
        old_log_prob=batch.padded(batch.old), log_prob=current, advantages=advantage,
        response_mask=batch.mask, loss_agg_mode=aggregation, config=actor)
    if beta:
        estimate = core_algos.kl_penalty(current, batch.padded(batch.reference), kl)
        loss = loss + beta * core_algos.agg_loss(
            estimate, batch.mask, aggregation, loss_scale_factor=scale)
    return slopes(batch, loss, current)


def run_verl_kl(batch, *, kl, aggregation, beta):
    current = batch.padded(batch.current).requires_grad_()
    estimate = core_algos.kl_penalty(current, batch.padded(batch.reference), kl)
    return slopes(batch, beta * core_algos.agg_loss(estimate, batch.mask, aggregation), current)


def run_verl_entropy(batch, *, aggregation, coefficient):
    entropies = batch.padded(batch.entropies).requires_grad_()
    loss = -coefficient * core_algos.agg_loss(
        entropies, batch.mask, aggregation, loss_scale_factor=HORIZON)
    return slopes(batch, loss, entropies)


def main():
    torch.manual_seed(1)
    batch = Batch()
    kinds = advantages(batch)
    padded = {name: batch.padded(values) for name, values in kinds.items()}
    # TRL's own advantages are one for each sequence.
    column = {name: padded[name][:, 0] for name in ["grpo", "dr-grpo"]}
    trl_name, verl_name = f"TRL {trl.__version__}", f"verl {verl.__version__}"
    cases = []

    def add(name, source, kind, aggregation, objectives, result, of="log-probabilities"):
        loss, slope = result
        cases.append({
            "name": name, "source": source, "advantages": kind, "aggregation": aggregation,
            "objectives": objectives, "loss": loss, "slopes": slope, "slopes-of": of})

    def from_trl(name, kind, aggregation, objectives, advantage=None, **settings):
        text = ", ".join(f"{k}={v}" for k, v in settings.items())
        add(name, f"{trl_name}, GRPOTrainer._compute_loss: {text}", kind, aggregation, objectives,
            run_trl(batch, column[kind] if advantage is None else advantage, **settings))

    def from_verl(name, kind, aggregation, objectives, **settings):
        text = ", ".join(f"{k}={v}" for k, v in settings.items())
        add(name, f"{verl_name}, core_algos: {text}, loss_agg_mode={aggregation}", kind,
            aggregation, objectives,
            run_verl(batch, padded[kind], aggregation=aggregation, **settings))

    def grpo(low, high, **more):
        return {"use": "grpo", "clip-low": low, "clip-high": high} | more

    def kl(beta, **more):
        return {"use": "kl-penalty", "beta": beta, "clamp": False} | more

    norm = "seq-mean-token-sum-norm"
    from_trl("GRPO, sequence mean, with KL", "grpo", "seq-mean-token-mean",
             [grpo(0.2, 0.2), kl(0.04)], loss_type="grpo", low=0.2, high=0.2, beta=0.04)
    from_trl("GRPO, token mean (BNPO), with KL", "grpo", "token-mean",
             [grpo(0.2, 0.24), kl(0.001)], loss_type="bnpo", low=0.2, high=0.24, beta=0.001)
    from_trl("Dr. GRPO", "dr-grpo", norm, [grpo(0.2, 0.2)],
             loss_type="dr_grpo", low=0.2, high=0.2)
    from_trl("DAPO", "grpo", "token-mean", [grpo(0.2, 0.28)],
             loss_type="dapo", low=0.2, high=0.28)
    from_trl("two-sided clip", "grpo", "token-mean", [grpo(0.2, 0.28, **{"dual-clip": 4.0})],
             loss_type="dapo", low=0.2, high=0.28, delta=4.0)
    gspo = {"importance-ratio": "sequence"}
    from_trl("GSPO", "grpo", "seq-mean-token-mean", [grpo(0.1, 0.15, **gspo)],
             loss_type="grpo", level="sequence", low=0.1, high=0.15)
    from_trl("GSPO, the paper's clips", "grpo", "seq-mean-token-mean",
             [grpo(3e-4, 4e-4, **gspo)],
             loss_type="grpo", level="sequence", low=3e-4, high=4e-4)
    from_trl("GSPO, an advantage for each token", "own", "seq-mean-token-mean",
             [grpo(0.1, 0.15, **gspo)], padded["own"],
             loss_type="grpo", level="sequence", low=0.1, high=0.15)
    from_trl("CISPO", "grpo", "token-mean", [{"use": "cispo", "clip-high": 1.0}],
             loss_type="cispo", low=0.2, high=2.0)
    from_trl("CISPO, the default bound", "grpo", "token-mean", [{"use": "cispo"}],
             loss_type="cispo", low=0.2, high=5.0)

    paper = {"clip_ratio_low": 0.2, "clip_ratio_high": 0.24, "clip_ratio_c": 10.0}
    ours = grpo(0.2, 0.24, **{"dual-clip": 10.0})
    from_verl("GRPO as in arXiv 2505.12929", "grpo", "token-mean", [ours, kl(0.001)],
              mode="vanilla", beta=0.001, **paper)
    from_verl("AR: reweighted by the old probability, alpha 0.3", "reweighted", "token-mean",
              [ours, kl(0.001)], mode="vanilla", beta=0.001, **paper)
    # The paper's text takes the present probability where its code takes the old one.
    present = (0.3 * batch.padded(batch.current).exp() + 0.7) * padded["grpo"]
    add("AR: reweighted by the present probability, alpha 0.3",
        f"{verl_name}, core_algos: mode=vanilla, with [0.3 pi + 0.7] A for A", "grpo",
        "token-mean", [ours | {"alpha": 0.3}],
        run_verl(batch, present, mode="vanilla", aggregation="token-mean", **paper))
    for aggregation in ["token-mean", "seq-mean-token-mean", "seq-mean-token-sum", norm]:
        from_verl(f"dual clip of 3, {aggregation}", "own", aggregation,
                  [grpo(0.2, 0.28, **{"dual-clip": 3.0})], mode="vanilla",
                  clip_ratio_low=0.2, clip_ratio_high=0.28, clip_ratio_c=3.0,
                  scale=HORIZON if aggregation == norm else None)
    gspo_token = {"importance-ratio": "sequence-token"}
    for kind in ["grpo", "own"]:
        from_verl(f"GSPO-token, advantages {kind}", kind, "seq-mean-token-mean",
                  [grpo(0.1, 0.15, **gspo_token)], mode="gspo",
                  clip_ratio_low=0.1, clip_ratio_high=0.15)
    from_verl("CISPO with both bounds", "own", "token-mean",
              [{"use": "cispo", "clip-low": 0.25, "clip-high": 0.5}], mode="cispo",
              clip_ratio_low=0.25, clip_ratio_high=0.5)
    # A share of 1 draws every token between the bounds, so that chance has no part.
    from_verl("Clip-Cov, all that can be drawn", "own", "token-mean",
              [{"use": "clip-cov", "clip-low": 0.2, "clip-high": 0.28, "cov-low": 0.25,
                "cov-high": 2.0, "share": 1.0}], mode="clip_cov", clip_ratio_low=0.2,
              clip_ratio_high=0.28, clip_cov_ratio=1.0, clip_cov_lb=0.25, clip_cov_ub=2.0)
    for share, coefficient in [(2e-4, 1.0), (0.3, 0.1)]:
        from_verl(f"KL-Cov, share {share}", "own", "token-mean",
                  [{"use": "kl-cov", "share": share, "penalty": coefficient}], mode="kl_cov",
                  kl_cov_ratio=share, ppo_kl_coef=coefficient)

    for estimator in ["k1", "k2", "k3", "k1+", "k3+"]:
        own = {"estimator": estimator[:2]} | ({"gradient": "k2"} if "+" in estimator else {})
        add(f"KL alone, {estimator}", f"{verl_name}, core_algos: kl_penalty {estimator}", "grpo",
            "seq-mean-token-mean", [kl(0.5, **own)],
            run_verl_kl(batch, kl=estimator, aggregation="seq-mean-token-mean", beta=0.5))
    for aggregation in ["token-mean", "seq-mean-token-mean", "seq-mean-token-sum", norm]:
        add(f"entropy, {aggregation}", f"{verl_name}, core_algos: agg_loss {aggregation}", "grpo",
            aggregation, [{"use": "entropy-bonus", "coefficient": 0.25}],
            run_verl_entropy(batch, aggregation=aggregation, coefficient=0.25), of="entropies")

    write({
        "lengths": LENGTHS, "horizon": HORIZON, "log-probabilities": batch.current,
        "old-log-probabilities": batch.old, "reference-log-probabilities": batch.reference,
        "entropies": batch.entropies, "advantages": kinds, "cases": cases})


def write(golden):
    """A line for each entry, and for each case."""
    lines = []
    for key, value in golden.items():
        text = json.dumps(value)
        if key == "cases":
            text = "[\n" + ",\n".join("  " + json.dumps(case) for case in value) + "\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")


main()
