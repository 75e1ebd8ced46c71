"""Writes ratio-methods.json: losses and slopes of one small mini-batch under objectives of the ratio.

Needs torch, trl 1.16.0 and verl 0.9.1 with what they import, and a folder with clones of the
authors' repositories: Kwai-Klear/CE-GPPO, wizard-III/Archer2.0, wizard-III/ArcherCodeR,
zz-haooo/STEER, sail-sg/Stable-RL. Nothing of theirs is written down here: TRL's and verl's functions
are called, and the authors' functions, and statements that stand in the middle of one, are taken from
their files and run, with a policy that consists of given log-probabilities, in float64; autograd
gives the slopes. Usage: python make-ratio-methods.py CLONES > ratio-methods.json
"""

import ast
import json
import random
import struct
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import torch
import trl
import verl
from trl.trainer.grpo_trainer import GRPOTrainer
from verl.trainer.ppo import core_algos
from verl.workers.config import ActorConfig
from verl.workers.config.actor import PolicyLossConfig

LENGTHS = [6, 2, 7, 1, 11, 5, 3, 6]
GROUPS = [3, 3, 2]
REWARDS = [3.0, -1.0, -0.5, -3.0, 3.0, 3.0, -1.0, -0.5]
HORIZON = 12  # a longest completion that none of these reaches
# log π − log π_old of some tokens, once for each sign of the advantage, on each side of each bound.
FAR = [3.0625, 2.0, 1.25, 0.5, 0.09375, -0.5, -0.875, -1.5]


def single(value):
    """The nearest float32, as Python's float."""
    return struct.unpack("f", struct.pack("f", value))[0]


def binary(value):
    """A number of few bits, so that float32 has it exactly."""
    return round(value * 1024) / 1024


class Batch:
    """Sequences without padding, and the padded tensors that the peers take."""

    def __init__(self):
        draw = random.Random(20251006)
        tokens = sum(LENGTHS)
        self.old = [binary(draw.uniform(-4, -0.05)) for _ in range(tokens)]
        self.current = [min(binary(x + draw.gauss(0.05, 0.4)), 0.0) for x in self.old]
        self.advantage = [binary(draw.uniform(-2, 2)) for _ in range(tokens)]
        far = [(drift, sign) for drift in FAR for sign in (1, -1)]
        for place, (drift, sign) in zip(draw.sample(range(12, tokens), len(far)), far):
            self.old[place] = -0.25 if drift < -1 else -1.25 if drift < 0 else -0.5 - drift
            self.current[place] = self.old[place] + drift
            self.advantage[place] = sign * (abs(self.advantage[place]) + 0.125)
        self.current[8] = 0.0  # a probability of 1
        self.advantage[9] = 0.0
        self.reference = [min(binary(x + draw.gauss(0, 0.9)), 0.0) for x in self.current]
        self.reference[3], self.current[3] = -0.25, -3.5  # k3 beyond its limit of 10
        self.rollout = [min(binary(x + draw.gauss(0, 0.1)), -0.001) for x in self.old]
        self.rollout = [binary(x) for x in self.rollout]
        self.entropies = [binary(draw.uniform(0, 2.5)) for _ in range(tokens)]
        self.old_entropies = [binary(x + draw.uniform(0, 0.5)) for x in self.entropies]
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
    grpo, place = [], 0
    for size in GROUPS:
        rewards = REWARDS[place : place + size]
        mean = sum(rewards) / size
        deviation = (sum((r - mean) ** 2 for r in rewards) / (size - 1)) ** 0.5
        grpo += [(r - mean) / (deviation + 1e-6) for r in rewards]
        place += size
    return {
        "grpo": [single(grpo[s]) for s in batch.sequence],
        # A value for each token, of either sign within a sequence.
        "own": batch.advantage,
        "small": [x / 2048 for x in batch.advantage],
    }


class DoubleTorch:
    """torch, whose plain float is float64."""

    float = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


class Repository:
    """Functions and statements of an author's files."""

    def __init__(self, root):
        self.root = Path(root)
        self.functions = SimpleNamespace(**self.load(
            "verl/utils/torch_functional.py", {"masked_sum", "masked_mean"}, {}))

    def tree(self, path):
        return ast.parse((self.root / path).read_text())

    def load(self, path, names, scope):
        """The functions of a file with these names, and no other line of it."""
        chosen = [
            node for node in self.tree(path).body
            if isinstance(node, ast.FunctionDef) and node.name in names]
        for node in chosen:
            node.decorator_list = []
            for argument in node.args.args + node.args.kwonlyargs:
                argument.annotation = None
            node.returns = None
        scope = {"torch": DoubleTorch(), **scope}
        exec(compile(ast.Module(chosen, []), path, "exec"), scope)
        missing = names - scope.keys()
        if missing:
            raise SystemExit(f"{self.root / path} has no {missing}")
        return {name: scope[name] for name in names}

    def algorithms(self, *names):
        """Functions of core_algos.py, which call each other."""
        scope = {"verl_F": self.functions}
        path = "verl/trainer/ppo/core_algos.py"
        return SimpleNamespace(**self.load(path, {"agg_loss", *names}, scope))

    def statement(self, path, function, kind, *words):
        """The innermost statement of a kind in a function that has all the words, compiled."""
        for node in ast.walk(self.tree(path)):
            if isinstance(node, ast.FunctionDef) and node.name == function:
                found = [
                    inner for inner in ast.walk(node) if isinstance(inner, kind)
                    and all(word in ast.unparse(inner) for word in words)]
                # ast.walk goes from the outer to the inner.
                return compile(ast.Module(found[-1:], []), path, "exec")
        raise SystemExit(f"no {function} in {path}")


ACTOR = "verl/workers/actor/dp_actor.py"


class Settings(SimpleNamespace):
    """A configuration that can be asked by name, as theirs are."""

    def get(self, name, default=None):
        return getattr(self, name, default)


def slopes(batch, loss, leaf):
    """The loss, and minus its derivative by each token's entry of `leaf`."""
    (gradient,) = torch.autograd.grad(loss, leaf)
    return loss.item(), [-x for x in batch.flat(gradient)]


def run_trl(batch, advantage, positive, negative):
    """TRL's sapo of the whole batch in one piece, without vLLM."""
    current = batch.padded(batch.current).requires_grad_()
    entropies = batch.padded(batch.entropies)
    one_process = SimpleNamespace(
        num_processes=1, sync_gradients=False, gather=lambda x: x, gather_for_metrics=lambda x: x,
        reduce=lambda x, reduction: x)
    trainer = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *a, **k: (current, entropies, None),
        aux_loss_enabled=False, top_entropy_quantile=1.0, off_policy_mask_threshold=None,
        importance_sampling_level="token", loss_type="sapo", beta=0.0, epsilon_low=0.2,
        epsilon_high=0.2, use_vllm=False, max_completion_length=HORIZON,
        current_gradient_accumulation_steps=1, _entropy_bonus_enabled=False,
        model=SimpleNamespace(training=True), accelerator=one_process,
        args=SimpleNamespace(
            delta=None, use_bias_correction_kl=False, steps_per_generation=1,
            sapo_temperature_pos=positive, sapo_temperature_neg=negative),
        _metrics=defaultdict(lambda: defaultdict(list)))
    ids = torch.zeros_like(batch.mask, dtype=torch.long)
    inputs = {
        "prompt_ids": ids[:, :0], "prompt_mask": ids[:, :0], "completion_ids": ids,
        "completion_mask": batch.mask, "advantages": advantage,
        "old_per_token_logps": batch.padded(batch.old), "num_items_in_batch": batch.mask.sum()}
    loss = GRPOTrainer._compute_loss(trainer, None, inputs)
    return slopes(batch, loss, current)


def run_verl(batch, advantage, *, mode, aggregation, scale=None, **config):
    current = batch.padded(batch.current).requires_grad_()
    actor = ActorConfig(
        strategy="fsdp", rollout_n=1, ppo_micro_batch_size_per_gpu=1, **config,
        policy_loss=PolicyLossConfig(loss_mode=mode),
        global_batch_info={"loss_scale_factor": scale})
    loss, _ = core_algos.get_policy_loss_fn(mode)(
        old_log_prob=batch.padded(batch.old), log_prob=current, advantages=advantage,
        response_mask=batch.mask, loss_agg_mode=aggregation, config=actor)
    return slopes(batch, loss, current)


def run_stable(repository, batch, advantage, *, mode, aggregation, anchor, **config):
    """DPPO's own code: the sampler's log-probabilities are those of `anchor`."""
    name = "_compute_token_mask_for_policy_loss"
    path = "verl/trainer/ppo/core_algos.py"
    inner = repository.load(path, {name, "agg_loss"}, {"verl_F": repository.functions})
    outer = repository.load(
        path, {"compute_policy_loss_with_mask"}, {"verl_F": repository.functions, **inner})
    current = batch.padded(batch.current).requires_grad_()
    zeros = torch.zeros_like(batch.mask)
    loss, _ = outer["compute_policy_loss_with_mask"](
        old_log_prob=batch.padded(batch.old), log_prob=current, advantages=advantage,
        response_mask=batch.mask, loss_agg_mode=aggregation,
        config=Settings(clip_ratio=0.2, global_batch_info={}, **config),
        rollout_log_prob=batch.padded(anchor), topk_kl=zeros, topk_tv=zeros, entropy=zeros,
        loss_mode=mode)
    return slopes(batch, loss, current)


def run_gppo(repository, batch, advantage, *, aggregation, **settings):
    own = repository.algorithms("compute_gppo_loss_general_beta")
    current = batch.padded(batch.current).requires_grad_()
    loss, *_ = own.compute_gppo_loss_general_beta(
        batch.padded(batch.old), current, advantage, batch.mask, loss_agg_mode=aggregation,
        **settings)
    return slopes(batch, loss, current)


def entropy_masks(repository, entropies, mask, quantile):
    """The authors' masks of low and of high entropy, by their statements; their names are crossed."""
    scope = {
        "torch": torch, "response_mask": mask, "entropy": entropies,
        "self": SimpleNamespace(config=Settings(token_entropy_quantile=quantile)),
        "low_entropy_mask": None}
    exec(repository.statement(ACTOR, "update_policy", ast.With, "torch.nanquantile"), scope)
    return scope["high_entropy_mask"], scope["low_entropy_mask"]


def run_aspo(repository, batch, advantage, *, aggregation, quantile=0.8, **settings):
    own = repository.algorithms("compute_policy_loss_archer")
    current = batch.padded(batch.current).requires_grad_()
    mask = batch.mask.bool()
    low, _ = entropy_masks(repository, batch.padded(batch.entropies), mask, quantile)
    loss, *_ = own.compute_policy_loss_archer(
        batch.padded(batch.old), current, advantage, mask, low, loss_agg_mode=aggregation,
        **settings)
    return slopes(batch, loss, current)


def run_archer(repository, batch, advantage, *, quantile=0.8, beta, high_beta, dual, **clips):
    """The method's update with micro-batches of one sequence, as its script has it."""
    own = repository.algorithms("compute_policy_loss", "kl_penalty")
    current = batch.padded(batch.current).requires_grad_()
    total = 0.0
    for row, length in enumerate(LENGTHS):
        old, reference, entropies, log_prob, own_advantage = (
            padded[row : row + 1, :length]
            for padded in [
                batch.padded(batch.old), batch.padded(batch.reference),
                batch.padded(batch.entropies), current, advantage])
        mask = torch.ones(1, length, dtype=torch.bool)
        low, high = entropy_masks(repository, entropies, mask, quantile)
        policy_loss, *_ = own.compute_policy_loss(
            old, log_prob, own_advantage, mask, use_token_entropy_separate=True,
            high_entropy_mask=low, cliprange=0.2, clip_ratio_c=dual, loss_agg_mode="token-mean",
            **clips)
        scope = {
            "data": {"ref_log_prob": reference}, "log_prob": log_prob,
            "response_mask": mask, "high_entropy_mask": low, "low_entropy_mask": high,
            "policy_loss": policy_loss, "loss_agg_mode": "token-mean", "metrics": {},
            "agg_loss": own.agg_loss, "kl_penalty": own.kl_penalty,
            "self": SimpleNamespace(config=Settings(
                use_kl_loss=True, kl_loss_type="low_var_kl", use_token_entropy_separate=True,
                kl_loss_coef=beta, high_entropy_kl_loss_scale_coef=high_beta))}
        exec(repository.statement(ACTOR, "update_policy", ast.If, "if self.config.use_kl_loss:",
                                  "high_entropy_kl_loss_scale_coef", "ref_log_prob"), scope)
        total = total + scope["policy_loss"] / len(LENGTHS)
    return slopes(batch, total, current)


def run_steer(
    repository, batch, advantage, *, aggregation, linear, least, greatest, low, high, dual
):
    path = "verl/trainer/ppo/core_algos.py"
    scope = {"verl_F": repository.functions}
    inner = repository.load(path, {"compute_token_weights", "agg_loss"}, scope)
    outer = repository.load(path, {"compute_policy_loss_with_entropy"}, {**scope, **inner})
    current = batch.padded(batch.current).requires_grad_()
    loss, *_ = outer["compute_policy_loss_with_entropy"](
        batch.padded(batch.old), current, advantage, batch.mask, batch.padded(batch.old_entropies),
        cliprange_low=low, cliprange_high=high, clip_ratio_c=dual, loss_agg_mode=aggregation,
        token_weight_min=least, token_weight_max=greatest, linear=linear)
    return slopes(batch, loss, current)


def check_coverage(batch):
    """Every bound that the cases have is passed on either side, under either sign of advantage."""
    entries = list(zip(batch.current, batch.old, batch.advantage))
    ratios = [(torch.tensor(c - o).exp().item(), a) for c, o, a in entries]
    for sign in (1, -1):
        mine = [r for r, a in ratios if a * sign > 0]
        assert min(mine) < 1 / 3 and max(mine) > 20, (sign, min(mine), max(mine))
        for low, high in [(0.34, 0.5), (0.5, 0.8), (0.8, 1.2), (1.2, 2), (3, 20)]:
            assert any(low < r < high for r in mine), (sign, low, high)
        gaps = [
            (torch.tensor(c).exp() - torch.tensor(o).exp()).item() * sign for c, o, a in entries
            if a * sign > 0]
        assert max(gaps) > 0.2 and min(gaps) < -0.2 and any(0 < x < 0.1 for x in gaps), sign


def main():
    # Else TRL's two temperatures are float32.
    torch.set_default_dtype(torch.float64)
    clones = Path(sys.argv[1])
    gppo, aspo, archer, steer, stable = (
        Repository(clones / name)
        for name in ["CE-GPPO", "Archer2.0", "ArcherCodeR", "STEER", "Stable-RL"])
    batch = Batch()
    check_coverage(batch)
    kinds = advantages(batch)
    padded = {name: batch.padded(values) for name, values in kinds.items()}
    trl_name, verl_name = f"TRL {trl.__version__}", f"verl {verl.__version__}"
    token, sequence = "token-mean", "seq-mean-token-mean"
    cases = []

    def add(name, source, kind, aggregation, objective, result, has_loss=True):
        """`has_loss`: the reported number is theirs, too, and not the gradient alone."""
        loss, slope = result
        cases.append({
            "name": name, "source": source, "advantages": kind, "aggregation": aggregation,
            "objectives": [objective], "loss": loss if has_loss else None, "slopes": slope,
            "slopes-of": "log-probabilities"})

    def text(settings):
        return ", ".join(f"{k}={v}" for k, v in settings.items() if k != "anchor")

    # SAPO
    for kind, positive, negative in [("grpo", 1.0, 1.05), ("own", 1.0, 1.05), ("own", 3.0, 0.5)]:
        objective = {
            "use": "sapo", "temperature-positive": positive, "temperature-negative": negative}
        advantage = padded[kind][:, 0] if kind == "grpo" else padded[kind]
        add(f"SAPO, {kind}, {positive} and {negative}",
            f"{trl_name}, GRPOTrainer._compute_loss: loss_type=sapo", kind, sequence, objective,
            run_trl(batch, advantage, positive, negative))
        add(f"SAPO, {kind}, {positive} and {negative}", f"{verl_name}, core_algos: sapo", kind,
            sequence, objective,
            run_verl(batch, padded[kind], mode="sapo", aggregation=sequence, tau_pos=positive,
                     tau_neg=negative))

    # DPPO
    def dppo(divergence, low, high, cap, **more):
        return {"use": "dppo", "divergence": divergence, "bound-low": low, "bound-high": high,
                "ratio-cap": cap} | more

    for divergence, kind, low, high, cap, aggregation in [
        ("tv", "own", 0.15, 0.15, 20.0, token), ("tv", "own", 0.05, 0.25, 3.0, sequence),
        ("tv", "grpo", 0.15, 0.15, 10000.0, "seq-mean-token-sum"),
        ("kl", "own", 0.05, 0.05, 20.0, token), ("kl", "own", 0.3, 0.02, 3.0, sequence),
        ("kl", "grpo", 0.05, 0.05, 20.0, "seq-mean-token-sum-norm")]:
        settings = {
            "mode": "dppo_" + divergence, "clip_ratio_low": low, "clip_ratio_high": high,
            "clip_ratio_c": cap, "aggregation": aggregation}
        scale = HORIZON if aggregation.endswith("norm") else None
        add(f"DPPO, {divergence}, {low} and {high}", f"{verl_name}, core_algos: {text(settings)}",
            kind, aggregation, dppo(divergence, low, high, cap),
            run_verl(batch, padded[kind], scale=scale, **settings))
    for anchor, values in [("old", batch.old), ("rollout", batch.rollout)]:
        for divergence, bound in [("tv", 0.15), ("kl", 0.3)]:
            settings = {
                "mode": "dppo_binary_" + divergence, "clip_ratio_low": bound,
                "clip_ratio_high": bound, "clip_ratio_c": 20.0, "aggregation": token}
            add(f"DPPO, {divergence}, {anchor}", f"Stable-RL, core_algos: {text(settings)}", "own",
                token, dppo(divergence, bound, bound, 20.0, anchor=anchor),
                run_stable(stable, batch, padded["own"], anchor=values, **settings))

    # CE-GPPO
    for low_beta, high_beta, low, high, dual, aggregation in [
        (0.5, 1.0, 0.2, 0.2, 10.0, token), (0.75, 1.0, 0.2, 0.2, 10.0, sequence),
        (0.25, 1.0, 0.2, 0.28, 10.0, token), (1.0, 0.5, 0.4, 0.28, 3.0, "seq-mean-token-sum"),
        (0.0, 0.0, 0.2, 0.28, 3.0, token)]:
        settings = {
            "gppo_loss_beta1": low_beta, "gppo_loss_beta2": high_beta, "cliprange_low": low,
            "cliprange_high": high, "clip_ratio_c": dual, "aggregation": aggregation}
        add(f"CE-GPPO, {low_beta} and {high_beta}",
            f"CE-GPPO, core_algos: compute_gppo_loss_general_beta, {text(settings)}", "own",
            aggregation, {
                "use": "ce-gppo", "clip-low": low, "clip-high": high, "beta-low": low_beta,
                "beta-high": high_beta, "dual-clip": dual},
            run_gppo(gppo, batch, padded["own"], **settings), has_loss=False)

    # ASPO
    for kind, quantile, clips, cap, aggregation in [
        ("own", 0.8, (0.2, 0.4, 0.2, 0.4), 3.0, token),
        ("grpo", 0.8, (0.2, 0.4, 0.2, 0.4), 3.0, token),
        ("own", 0.5, (0.1, 0.3, 0.25, 0.75), 2.0, sequence)]:
        settings = {
            "negative_low_entropy_clip_ratio_low": clips[0],
            "negative_high_entropy_clip_ratio_low": clips[1],
            "positive_low_entropy_clip_ratio_high": clips[2],
            "positive_high_entropy_clip_ratio_high": clips[3], "negative_clip_ratio_c": cap,
            "positive_clip_ratio_c": cap, "quantile": quantile, "aggregation": aggregation}
        add(f"ASPO, {kind}, quantile {quantile}",
            f"Archer2.0, core_algos: compute_policy_loss_archer, {text(settings)}", kind,
            aggregation, {
                "use": "aspo", "clip-low": clips[0], "high-entropy-clip-low": clips[1],
                "clip-high": clips[2], "high-entropy-clip-high": clips[3], "cap": cap,
                "quantile": quantile},
            run_aspo(aspo, batch, padded[kind], **settings), has_loss=False)

    # Archer
    for kind, quantile, clips, beta, high_beta, dual in [
        ("own", 0.8, (0.2, 0.2, 0.5, 0.5), 0.001, 0.0, 10.0),
        ("grpo", 0.8, (0.2, 0.2, 0.5, 0.5), 0.001, 0.0, 10.0),
        ("own", 0.5, (0.1, 0.2, 0.3, 0.75), 0.5, 0.125, 3.0)]:
        settings = {
            "low_entropy_clip_ratio_low": clips[0], "low_entropy_clip_ratio_high": clips[1],
            "high_entropy_clip_ratio_low": clips[2], "high_entropy_clip_ratio_high": clips[3],
            "dual": dual, "beta": beta, "high_beta": high_beta, "quantile": quantile}
        add(f"Archer, {kind}, quantile {quantile}, KL {beta} and {high_beta}",
            "ArcherCodeR, core_algos: compute_policy_loss, statements of dp_actor: "
            + text(settings), kind, sequence, {
                "use": "archer", "clip-low": clips[0], "clip-high": clips[1],
                "high-entropy-clip-low": clips[2], "high-entropy-clip-high": clips[3],
                "quantile": quantile, "dual-clip": dual, "beta": beta,
                "high-entropy-beta": high_beta},
            run_archer(archer, batch, padded[kind], **settings))

    # STEER
    for kind, linear, least, greatest, dual, aggregation in [
        ("own", True, 0.8, 1.2, 10.0, token), ("grpo", True, 0.5, 1.5, 3.0, sequence),
        ("own", False, 0.8, 1.0, 10.0, token), ("small", False, 0.25, 1.0, 10.0, token),
        ("small", True, 0.8, 1.2, 10.0, sequence)]:
        settings = {
            "linear": linear, "least": least, "greatest": greatest, "low": 0.2, "high": 0.28,
            "dual": dual, "aggregation": aggregation}
        add(f"STEER, {kind}, {'linear' if linear else 'exponential'}",
            f"STEER, core_algos: compute_policy_loss_with_entropy, {text(settings)}", kind,
            aggregation, {
                "use": "steer", "form": "linear" if linear else "exponential", "least": least,
                "greatest": greatest, "clip-low": 0.2, "clip-high": 0.28, "dual-clip": dual},
            run_steer(steer, batch, padded[kind], **settings))

    write({
        "lengths": LENGTHS, "horizon": HORIZON, "log-probabilities": batch.current,
        "old-log-probabilities": batch.old, "reference-log-probabilities": batch.reference,
        "entropies": batch.entropies,
        "columns": {
            "entropies": batch.old_entropies, "rollout-log-probabilities": batch.rollout},
        "advantages": kinds, "cases": cases})
    print(f"{len(cases)} cases of {len(batch.old)} tokens", file=sys.stderr)


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
