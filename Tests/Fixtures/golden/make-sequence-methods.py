"""Writes sequence-methods.json: GMPO, FIPO, REAL, Lp-Reg and TEPO by their authors' or trainers' own code.

Needs torch and verl 0.9.1 with what it imports, and these files of others:
  GMPO        callsys/GMPO 205b2bf, train_zero_math_gmpo.py
  FIPO        qwenpilot/FIPO ee25452, verl/trainer/ppo/core_algos.py
  REAL        Red-RL/REAL 1c30726, verl/verl/trainer/ppo/core_algos.py
  LP-REG      CarlanLark/Lp-Reg-dev 33b27e2, verl/trainer/ppo/core_algos.py
  LP-ACTOR    the same, verl/workers/actor/dp_actor.py
  SWIFT       modelscope/ms-swift 3602360, swift/rlhf_trainers/grpo_trainer.py
Nothing of theirs is written down here: functions, and statements where they are no functions, are
taken from their source and run in float64; autograd gives the slopes by each token's log-probability.
Usage: python make-sequence-methods.py GMPO FIPO REAL LP-REG LP-ACTOR SWIFT > sequence-methods.json
"""

import ast
import contextlib
import io
import json
import random
import struct
import sys
from collections import defaultdict
from types import SimpleNamespace

import torch
import verl
import verl.utils.torch_functional as verl_F
from omegaconf import OmegaConf
from verl.trainer.ppo import core_algos
from verl.workers.config import ActorConfig
from verl.workers.config.actor import PolicyLossConfig

LENGTHS = [4, 2, 5, 1, 6, 3, 3, 4, 2, 5, 3, 4]
GROUPS = [4, 4, 4]
LABELS = [1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1]  # the last group is of one kind
HORIZON = 8
MIN_P = 0.02
# Old log-probabilities that are looked for, and log ratios of some tokens; the others' are small.
OUTLIERS = {
    4: (-3.5, 3.0), 1: (-1.0, -2.0), 12: (-3.75, 2.75), 14: (-4.0, 3.25), 16: (-0.75, -1.5),
    21: (-3.0, 0.75), 24: (-1.5, -0.625), 33: (-2.5, 1.25), 41: (-1.0, -3.25)}


def single(value):
    """The nearest float32, as Python's float."""
    return struct.unpack("f", struct.pack("f", value))[0]


def functions(path, *names, **namespace):
    """Functions and methods of a file, by name, without its imports, decorators and annotations."""
    tree = ast.parse(open(path).read())
    found = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    scope = {"torch": torch, "F": torch.nn.functional, "verl_F": verl_F} | namespace
    for name in names:
        node = found[name]
        node.decorator_list, node.returns = [], None
        arguments = node.args
        for argument in arguments.posonlyargs + arguments.args + arguments.kwonlyargs:
            argument.annotation = None
        exec(compile(ast.Module([node], []), path, "exec"), scope)
    return SimpleNamespace(**{name: scope[name] for name in names})


def branch(path, name, value):
    """The statements under `if … name == value:`, wherever that stands."""
    wanted = ast.unparse(ast.parse(f"{name} == {value!r}", mode="eval"))
    for node in ast.walk(ast.parse(open(path).read())):
        if isinstance(node, ast.If) and ast.unparse(node.test) == wanted:
            return compile(ast.Module(node.body, []), path, "exec")
    raise SystemExit(f"{path} has no such branch: {wanted}")


class Batch:
    """Sequences without padding, and the padded tensors that the peers take."""

    def __init__(self):
        draw = random.Random(20260320)
        tokens = range(sum(LENGTHS))
        # Each token's place has a distribution over 16, of which one is drawn, so that what is kept of it
        # can be cut from it.
        self.logits, self.drawn, self.old, self.current = [], [], [], []
        for token in tokens:
            logits = [draw.gauss(0, 2) for _ in range(16)]
            logs = torch.tensor(logits, dtype=torch.float64).log_softmax(0).tolist()
            wanted, drift = OUTLIERS.get(token, (draw.uniform(-5, -0.1), draw.gauss(0.05, 0.3)))
            if token % 5 == 3:
                wanted = -8.0  # below the cut
            place = min(range(16), key=lambda v: abs(logs[v] - wanted))
            self.logits.append(logits)
            self.drawn.append(place)
            self.old.append(single(logs[place]))
            self.current.append(min(single(self.old[-1] + drift), 0.0))
        rows = torch.tensor(self.logits, dtype=torch.float64).softmax(1)
        tops = rows.max(1).values
        self.top = [single(x) for x in tops.tolist()]
        kept = rows * (rows >= MIN_P * tops[:, None])
        self.mass = [single(x) for x in kept.sum(1).tolist()]
        self.is_kept = [kept[t, v].item() > 0 for t, v in enumerate(self.drawn)]
        self.sequence = [i for i, n in enumerate(LENGTHS) for _ in range(n)]
        self.mask = self.padded([1.0] * len(tokens))

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
    centred, place = [], 0
    for size in GROUPS:
        labels = LABELS[place : place + size]
        centred += [x - sum(labels) / size for x in labels]
        place += size
    draw = random.Random(11)
    scales = [round(draw.uniform(0.25, 2) * 1024) / 1024 for _ in LENGTHS]
    signs = [1, -1, -1, 1, -1, -1, 1, -1, 1, 1, -1, -1]
    own = [round(draw.uniform(-2, 2) * 1024) / 1024 for _ in batch.sequence]
    own[7] = 0.0
    return {
        "labels": [centred[s] for s in batch.sequence],
        "sequences": [signs[s] * scales[s] for s in batch.sequence],
        "own": own,
    }


def slopes(batch, loss, leaf):
    """The loss, and minus its derivative by each token's log-probability."""
    (gradient,) = torch.autograd.grad(loss, leaf)
    return loss.item(), [-x for x in batch.flat(gradient)]


def run_verl(batch, advantage, mode, aggregation, **config):
    current = batch.padded(batch.current).requires_grad_()
    actor = ActorConfig(
        strategy="fsdp", rollout_n=1, ppo_micro_batch_size_per_gpu=1, **config,
        policy_loss=PolicyLossConfig(loss_mode=mode))
    loss, _ = core_algos.get_policy_loss_fn(mode)(
        old_log_prob=batch.padded(batch.old), log_prob=current, advantages=advantage,
        response_mask=batch.mask, loss_agg_mode=aggregation, config=actor)
    return slopes(batch, loss, current)


def run_gmpo(path, batch, advantage, clip):
    """The authors' branch, which takes one sequence at a time; the mean of their losses."""
    statements = branch(path, "self.args.critic_type_modify", "gmpo")
    current = batch.padded(batch.current).requires_grad_()
    losses = []
    for row in range(len(LENGTHS)):
        scope = {
            "torch": torch, "stats": defaultdict(list), "infos": {},
            "self": SimpleNamespace(args=SimpleNamespace(cliprange=clip)),
            "mb_advantage": advantage[row : row + 1, :1], "new_logps": current[row : row + 1],
            "mb_logps": batch.padded(batch.old)[row : row + 1],
            "mb_response_masks": batch.mask[row : row + 1] > 0}
        exec(statements, scope)
        losses.append(scope["loss"].sum())
    return slopes(batch, sum(losses) / len(losses), current)


def run_fipo(path, batch, advantage, high_only, influence, **settings):
    """The authors' loss. It leaves sequences out of the denominator too; here that is made up for."""
    name = "compute_policy_loss_future_kl"
    aggregate = functions(path, "agg_loss").agg_loss
    left = {}

    def agg_loss(loss_mat, loss_mask, loss_agg_mode):
        left["share"] = (loss_mask.sum() / batch.mask.sum()).item()
        return aggregate(loss_mat, loss_mask, loss_agg_mode)

    loss = getattr(functions(path, name, agg_loss=agg_loss, AlgoConfig=type(None)), name)
    knobs = {
        "decay_rate": settings["decay"], "future_kl_clip_ratio": influence,
        "future_kl_clip_high_only": high_only, "safety_thresh": settings["safety"]}
    config = OmegaConf.create({
        "clip_ratio": 0.2, "clip_ratio_low": 0.2, "clip_ratio_high": 0.28,
        "clip_ratio_c": settings["dual"], "policy_loss": knobs})
    current = batch.padded(batch.current).requires_grad_()
    value = loss(
        batch.padded(batch.old), current, advantage, batch.mask, "token-mean", config)[0]
    number, slope = slopes(batch, value * left["share"], current)
    return number, slope, left["share"]


def run_real(path, batch, labels, temperature):
    name = "compute_policy_loss_real"
    loss = getattr(functions(path, name), name)
    current = batch.padded(batch.current).requires_grad_()
    groups = torch.tensor([g for g, size in enumerate(GROUPS) for _ in range(size)])
    value = loss(
        batch.padded(batch.old), current, None, batch.mask, groups, torch.tensor(labels),
        delta=1e-4, tau=temperature)[0]
    return slopes(batch, value, current)


def run_swift(path, batch, advantage, loss_type, level="token", delta=None, **settings):
    """ms-swift's GRPOTrainer._compute_loss_and_metrics of the whole batch in one piece."""
    names = ["_compute_loss_and_metrics", "_compute_fipo_influence"]
    code = functions(path, *names, nanmax=torch.amax, nanmin=torch.amin)
    current = batch.padded(batch.current).requires_grad_()
    trainer = SimpleNamespace(
        model=SimpleNamespace(training=True), compute_entropy=False, overlong_filter=False,
        beta=0.0, kl_in_reward=False, rollout_importance_sampling_mode=None,
        log_rollout_offpolicy_metrics=False, disable_rollout_importance_sampling=True,
        importance_sampling_level=level, _has_teacher=False, off_policy_sequence_mask_delta=None,
        loss_type=loss_type, epsilon_low=0.2, epsilon_high=0.28, sdar_loss_coef=0,
        chord_sft_iterator=None, num_generations=GROUPS[0], args=SimpleNamespace(delta=delta),
        accelerator=SimpleNamespace(num_processes=1, gather_for_metrics=lambda x: x),
        _get_per_token_logps_and_entropies=lambda *a, **k: (current, None), **settings)
    trainer._compute_fipo_influence = lambda *a: code._compute_fipo_influence(trainer, *a)
    inputs = SimpleNamespace(
        completion_mask=batch.mask > 0, truncated_mask=None, ref_per_token_logps=None,
        advantages=advantage, old_per_token_logps=batch.padded(batch.old),
        rollout_per_token_logps=None, teacher_per_token_logps=None,
        num_items_in_batch=batch.mask.sum())
    loss, _ = code._compute_loss_and_metrics(trainer, None, None, inputs)
    return slopes(batch, loss, current)


def proxy(path, batch):
    """log of the cut distribution at each token, as its numbers in float32 have it.

    The authors' cut of the logits decides; where it keeps the token the numbers must agree with it.
    """
    cut = functions(path, "apply_min_p").apply_min_p(
        None, torch.tensor(batch.logits, dtype=torch.float64), min_p=MIN_P)
    theirs = cut.log_softmax(1)[range(len(batch.drawn)), batch.drawn].tolist()
    ours = torch.tensor(batch.old, dtype=torch.float64) - torch.tensor(
        batch.mass, dtype=torch.float64).log()
    for kept, their, our in zip(batch.is_kept, theirs, ours.tolist()):
        assert abs(their - our) < 1e-6 if kept else their < -1e3, (kept, their, our)
    return [our if kept else their for kept, their, our in zip(batch.is_kept, theirs, ours.tolist())]


def run_lp_reg(path, actor, batch, advantage, share, coefficient, low=1.0, high=9.0):
    names = ["kl_penalty", "agg_loss", "compute_policy_loss_lp_reg"]
    code = functions(path, *names)
    current = batch.padded(batch.current).requires_grad_()
    target = batch.padded(proxy(actor, batch))
    loss = code.compute_policy_loss_lp_reg(
        batch.padded(batch.old), current, target, target, advantage, batch.mask,
        cliprange_low=low, cliprange_high=high, logp_neg_k_percent=share,
        ppo_kl_coef=coefficient)[0]
    return slopes(batch, loss, current)


def main():
    gmpo_file, fipo_file, real_file, lp_file, lp_actor, swift_file = sys.argv[1:]
    batch = Batch()
    kinds = advantages(batch)
    padded = {name: batch.padded(values) for name, values in kinds.items()}
    cases = []

    def add(name, source, kind, aggregation, objective, result, has_loss=True):
        loss, slope = result[:2]
        cases.append({
            "name": name, "source": source, "advantages": kind, "aggregation": aggregation,
            "objectives": [objective], "loss": loss if has_loss else None, "slopes": slope,
            "slopes-of": "log-probabilities"})

    means = "seq-mean-token-mean"
    gmpo = lambda low, high: {"use": "gmpo", "clip-low": low, "clip-high": high}
    for clip in [0.4, 0.1, 1000]:
        add(f"GMPO, clip {clip}", f"callsys/GMPO, the branch gmpo, cliprange={clip}", "sequences",
            means, gmpo(clip, clip), run_gmpo(gmpo_file, batch, padded["sequences"], clip))
    for kind, low, high in [("sequences", 0.4, 0.4), ("sequences", 0.2, 0.3), ("own", 0.2, 0.3)]:
        add(f"GMPO, {kind}, clips {low} and {high}",
            f"verl {verl.__version__}, core_algos: mode=geo_mean", kind, means, gmpo(low, high),
            run_verl(batch, padded[kind], "geo_mean", means, clip_ratio_low=low,
                     clip_ratio_high=high))

    tepo = {"use": "grpo", "clip-high": 0.28}
    for ratio in ["sequence", "sequence-token"]:
        level = ratio.replace("-", "_")
        add(f"TEPO, ratio {ratio}", f"ms-swift, loss_type=bnpo, importance_sampling_level={level}",
            "sequences", "token-mean", tepo | {"importance-ratio": ratio},
            run_swift(swift_file, batch, padded["sequences"], "bnpo", level=level))

    fipo_cases = [
        ("the script's", True, 0.2, dict(decay=32.0, safety=10.0, dual=10.0)),
        ("both ways", False, 0.2, dict(decay=32.0, safety=4.0, dual=20.0)),
        ("a short half-life", False, 0.5, dict(decay=1.5, safety=1.05, dual=10.0)),
        ("no clip of the influence", True, 0.0, dict(decay=8.0, safety=4.0, dual=30.0)),
        ("a sequence left out", False, 0.2, dict(decay=4.0, safety=1.1, dual=3.0)),
    ]
    for kind in ["sequences", "own"]:
        for name, high_only, influence, settings in fipo_cases:
            result = run_fipo(fipo_file, batch, padded[kind], high_only, influence, **settings)
            note = ", times the tokens left / all tokens" if result[2] != 1 else ""
            add(f"FIPO, {name}, {kind}",
                f"qwenpilot/FIPO, compute_policy_loss_future_kl: {settings}, "
                f"high_only={high_only}, clip_ratio={influence}{note}", kind, "token-mean",
                {"use": "fipo", "half-life": settings["decay"], "dual-clip": settings["dual"],
                 "influence-clip": influence, "both-ways": not high_only,
                 "safety-ratio": settings["safety"]}, result, has_loss=False)
    for delta, influence, safety in [(10.0, 0.2, 3.0), (3.0, 0.2, 1.1), (None, 0.5, 4.0)]:
        add(f"FIPO, ms-swift's, delta {delta}",
            f"ms-swift, loss_type=fipo: delta={delta}, fipo_clip_range={influence}, "
            f"fipo_clip_high_only=False, fipo_safety_threshold={safety}, fipo_decay_rate=4",
            "sequences", "token-mean",
            {"use": "fipo", "half-life": 4.0, "dual-clip": delta or 0, "influence-clip": influence,
             "both-ways": True, "safety-ratio": safety, "leave-out": False},
            run_swift(swift_file, batch, padded["sequences"], "fipo", delta=delta,
                      fipo_gamma=2 ** (-1 / 4.0), fipo_clip_range=influence,
                      fipo_clip_high_only=False, fipo_safety_threshold=safety), has_loss=False)

    for temperature in [0.5, 0.05, 5.0]:
        objective = {"use": "real", "temperature": temperature}
        add(f"REAL, temperature {temperature}",
            f"Red-RL/REAL, compute_policy_loss_real: tau={temperature}", "labels", means, objective,
            run_real(real_file, batch, LABELS, temperature), has_loss=False)
        add(f"REAL, ms-swift's, temperature {temperature}",
            f"ms-swift, loss_type=real: real_tau={temperature}", "labels", means, objective,
            run_swift(swift_file, batch, padded["labels"], "real", real_tau=temperature),
            has_loss=False)
    add("REAL, ms-swift's, an advantage for each token", "ms-swift, loss_type=real: real_tau=0.5",
        "own", means, {"use": "real"},
        run_swift(swift_file, batch, padded["own"], "real", real_tau=0.5), has_loss=False)

    for kind, share, coefficient, low, high in [
        ("sequences", 0.3, 1.0, 1.0, 9.0), ("sequences", 1.0, 0.25, 0.2, 0.28),
        ("own", 0.5, 2.0, 0.2, 0.28), ("own", 0.01, 1.0, 1.0, 9.0),
    ]:
        add(f"Lp-Reg, {kind}, share {share}",
            "CarlanLark/Lp-Reg-dev, compute_policy_loss_lp_reg with the proxy of apply_min_p: "
            f"logp_neg_k_percent={share}, ppo_kl_coef={coefficient}, cliprange {low} and {high}",
            kind, "token-mean",
            {"use": "lp-reg", "share": share, "coefficient": coefficient, "clip-low": low,
             "clip-high": high, "min-p": MIN_P},
            run_lp_reg(lp_file, lp_actor, batch, padded[kind], share, coefficient, low, high))
    nothing = [0.0] * len(batch.old)
    write({
        "lengths": LENGTHS, "groups": GROUPS, "horizon": HORIZON,
        "log-probabilities": batch.current, "old-log-probabilities": batch.old,
        "reference-log-probabilities": nothing, "entropies": nothing, "advantages": kinds,
        "columns": {f"mass-above({MIN_P})": batch.mass, "top-probability": batch.top},
        "cases": cases})


def write(golden):
    """A line for each entry, and for each case."""
    lines = []
    for key, value in golden.items():
        text = json.dumps(value)
        if key == "cases":
            text = "[\n" + ",\n".join("  " + json.dumps(case) for case in value) + "\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    sys.__stdout__.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    # Some of the functions print.
    with contextlib.redirect_stdout(io.StringIO()):
        main()
