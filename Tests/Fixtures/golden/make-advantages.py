"""Writes advantages.json beside this file: the advantages of one batch by verl's and TRL's formulas.

Plain Python, whose numbers are doubles; nothing needs to be installed. compare-advantages.py asks
verl and TRL themselves for the same numbers. Usage: python make-advantages.py
"""

import json
import math
import pathlib
import random
import struct

# A group of equal returns and one of a single completion are the formulas' edges.
LENGTHS = [[3, 1, 5, 2], [4, 2, 3], [2, 5], [4]]
REWARDS = [[3, -0.5, -1, -3], [0.1, 0.7, 0.25], [2, 2], [-0.5]]
VERL = "verl 0.9.1, trainer/ppo/core_algos.py"
TRL = "TRL 1.16.0, trainer/grpo_trainer.py"
TRL_RLOO = "TRL 1.16.0, trainer/rloo_trainer.py"
PAPER = "AR-Lopti cbeb333, verl/trainer/ppo/ray_trainer.py"


def single(value):
    """The nearest float32, which is what the trainer has, as Python's float."""
    return struct.unpack("f", struct.pack("f", value))[0]


class Batch:
    """Sequences without padding; columns are flat over the tokens."""

    def __init__(self):
        draw = random.Random(20250519)
        self.lengths = sum(LENGTHS, [])
        self.rewards = [single(reward) for reward in sum(REWARDS, [])]
        self.groups = [group for group, lengths in enumerate(LENGTHS) for _ in lengths]
        tokens = range(sum(self.lengths))

        def log_probabilities(values):
            # Whole 1024ths are exact in float32.
            return [min(round(value * 1024) / 1024, 0.0) for value in values]

        self.old = log_probabilities(math.log(draw.uniform(0.02, 1)) for _ in tokens)
        self.rollout = log_probabilities(x + draw.gauss(0, 0.05) for x in self.old)
        self.reference = log_probabilities(x + draw.gauss(0, 0.5) for x in self.old)
        self.entropies = [round(draw.uniform(0, 2.5) * 1024) / 1024 for _ in tokens]

    def places(self):
        """Each sequence's tokens."""
        first = 0
        for length in self.lengths:
            yield range(first, first + length)
            first += length

    def spread(self, values):
        """One value for each sequence, on all of its tokens."""
        return [value for value, length in zip(values, self.lengths) for _ in range(length)]


def mean(values):
    return math.fsum(values) / len(values)


def deviation(values):
    """Unbiased, as torch.std's default."""
    return math.sqrt(math.fsum((x - mean(values)) ** 2 for x in values) / (len(values) - 1))


def returns(batch, chain):
    """Of each sequence: what its first token has."""
    return [chain[places[0]] for places in batch.places()]


def mates(batch, values, sequence):
    """The values of a sequence's group."""
    group = batch.groups[sequence]
    return [value for value, other in zip(values, batch.groups) if other == group]


# The links. Each has what it takes and gives as the plugin of the same name does, and is called by
# the names of the plugin's parameters.


def kl_penalty(batch, chain, beta, estimator):
    """verl's kl_penalty, subtracted from the token rewards as by apply_kl_penalty; then returns."""
    x = [reference - old for reference, old in zip(batch.reference, batch.old)]
    charge = {
        "k1": [-value for value in x],
        "k2": [value * value / 2 for value in x],
        "k3": [math.exp(value) - value - 1 for value in x],
    }[estimator]
    result = list(chain)
    for places in batch.places():
        for token in places:
            result[token] -= beta * math.fsum(charge[token : places[-1] + 1])
    return result


def grpo(batch, chain, scale="group", deviation_floor=1e-6):
    """verl's compute_grpo_outcome_advantage, whose group of one has mean 0 and deviation 1; with
    scale "batch" TRL's scale_rewards="batch"; with "none" norm_adv_by_std_in_grpo=False."""
    scores, advantages = returns(batch, chain), []
    for sequence, score in enumerate(scores):
        group = mates(batch, scores, sequence)
        centre, unit = (mean(group), deviation(group)) if len(group) > 1 else (0, 1)
        if scale == "batch":
            unit = deviation(scores)
        divisor = 1 if scale == "none" else unit + deviation_floor
        advantages.append((score - centre) / divisor)
    return batch.spread(advantages)


def dr_grpo(batch, chain):
    """arXiv 2503.20783; verl's compute_grpo_outcome_advantage, norm_adv_by_std_in_grpo=False."""
    return grpo(batch, chain, scale="none")


def rloo(batch, chain):
    """TRL's RLOOTrainer: less the mean of the others. verl leaves a group of one as it is."""
    scores, advantages = returns(batch, chain), []
    for sequence, score in enumerate(scores):
        group = mates(batch, scores, sequence)
        others = (math.fsum(group) - score) / (len(group) - 1) if len(group) > 1 else 0
        advantages.append(score - others)
    return batch.spread(advantages)


def reinforce_plus_plus(batch, chain, baseline="none"):
    """verl's compute_reinforce_plus_plus_outcome_advantage with gamma 1, or ..._baseline_...; both
    end with masked_whiten of torch_functional.py, whose variance is unbiased."""
    if baseline == "group":
        chain = grpo(batch, chain, scale="none")
    scale = 1 / math.sqrt(deviation(chain) ** 2 + 1e-8)
    return [(value - mean(chain)) * scale for value in chain]


def advantage_reweighting(
    batch, chain, alpha=0.3, probability="old", negative_only=False, mean_normalised=False
):
    """compute_reweight_advantage of the paper's code, method both_linear_normal, k = alpha and
    tau = 1 - alpha. The paper has neither the flags nor another probability."""
    column = {"old": batch.old, "rollout": batch.rollout, "reference": batch.reference}[probability]
    factors = [
        1 if negative_only and advantage >= 0 else alpha * math.exp(x) + 1 - alpha
        for advantage, x in zip(chain, column)
    ]
    divisor = mean(factors) if mean_normalised else 1
    return [advantage * factor / divisor for advantage, factor in zip(chain, factors)]


def entropy_top(batch, chain, share=0.2):
    """TRL's get_high_entropy_mask with threshold 1 - share: torch.quantile, linear between places."""
    ordered = sorted(batch.entropies)
    place = (1 - share) * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    threshold = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return [a if entropy >= threshold else 0.0 for a, entropy in zip(chain, batch.entropies)]


def token_filter(batch, chain, **interval):
    """mask_prob_interval1 to 4 of the paper's code. Its intervals are open below and closed above,
    ours the reverse; no probability here is on an end."""
    keeps = lambda x: interval["from"] <= math.exp(x) < interval["to"]  # noqa: E731
    return [a if keeps(x) else 0.0 for a, x in zip(chain, batch.old)]


def rollout_correction(
    batch, chain, level="token", mode="truncate", lower=0.0, upper=2.0, mean_normalised=False
):
    """verl's compute_rollout_correction_weights and, for mode reject, compute_rollout_rejection_mask
    with bounds of the ratio; TRL's vllm_importance_sampling_ratio."""
    logs = [old - rollout for old, rollout in zip(batch.old, batch.rollout)]
    if level != "token":
        sums = [math.fsum(logs[token] for token in places) for places in batch.places()]
        if level == "sequence-mean":
            sums = [value / length for value, length in zip(sums, batch.lengths)]
        logs = sums
    weights = []
    for ratio in map(math.exp, logs):
        inside = lower <= ratio <= upper
        truncated = min(max(ratio, lower), upper)
        weights.append({"truncate": truncated, "mask": ratio * inside, "reject": float(inside)}[mode])
    divisor = mean(weights) if mean_normalised else 1
    weights = weights if level == "token" else batch.spread(weights)
    return [advantage * weight / divisor for advantage, weight in zip(chain, weights)]


LINKS = {
    "kl-penalty": kl_penalty, "grpo": grpo, "dr-grpo": dr_grpo, "rloo": rloo,
    "reinforce-plus-plus": reinforce_plus_plus, "advantage-reweighting": advantage_reweighting,
    "entropy-top": entropy_top, "token-filter": token_filter,
    "rollout-correction": rollout_correction,
}


def run(batch, chain):
    """The advantages that a configuration's list of links gives."""
    values = batch.spread(batch.rewards)
    for link in chain:
        settings = {key.replace("-", "_"): value for key, value in link.items() if key != "use"}
        values = LINKS[link["use"]](batch, values, **settings)
    return values


def all_cases():
    """Pairs of a source and a chain."""
    group = f"{VERL}, compute_grpo_outcome_advantage"
    leave_one_out = f"{VERL}, compute_rloo_outcome_advantage; {TRL_RLOO}"
    whitened = f"{VERL}, compute_reinforce_plus_plus_outcome_advantage"
    whitened_baseline = f"{VERL}, compute_reinforce_plus_plus_baseline_outcome_advantage"
    reweighted = f"{PAPER}, compute_reweight_advantage, both_linear_normal"
    first = {"use": "grpo"}
    yield group, [first]
    yield group + ", epsilon 0.1", [first | {"deviation-floor": 0.1}]
    yield group + ", norm_adv_by_std_in_grpo=False", [first | {"scale": "none"}]
    yield group + ", norm_adv_by_std_in_grpo=False", [{"use": "dr-grpo"}]
    yield f"{TRL}, scale_rewards='batch'", [first | {"scale": "batch", "deviation-floor": 1e-4}]
    yield leave_one_out, [{"use": "rloo"}]
    yield whitened, [{"use": "reinforce-plus-plus"}]
    yield whitened_baseline, [{"use": "reinforce-plus-plus", "baseline": "group"}]
    for estimator in ["k1", "k2", "k3"]:
        kl = {"use": "kl-penalty", "beta": 0.25, "estimator": estimator}
        charged = f"{VERL}, kl_penalty {estimator} at 0.25, then "
        yield charged + "returns", [kl]
        yield charged + group, [kl, first]
        yield charged + leave_one_out, [kl, {"use": "rloo"}]
        yield charged + whitened, [kl, {"use": "reinforce-plus-plus"}]
        yield charged + whitened_baseline, [kl, {"use": "reinforce-plus-plus", "baseline": "group"}]
    ar = {"use": "advantage-reweighting"}
    yield f"{group}, then {reweighted}, k 0.3, tau 0.7", [first, ar]
    yield f"{group}, then {reweighted}, k 0.2, tau 0.8", [first, ar | {"alpha": 0.2}]
    yield f"{group}, then {reweighted}, k 1, tau 0", [first, ar | {"alpha": 1.0}]
    yield (
        f"{whitened}, then {reweighted}, k 0.1, tau 0.9",
        [{"use": "reinforce-plus-plus"}, ar | {"alpha": 0.1}],
    )
    for own in [
        {"probability": "rollout"}, {"probability": "reference"}, {"negative-only": True},
        {"mean-normalised": True}, {"negative-only": True, "mean-normalised": True},
    ]:
        names = ", ".join(f"{key} {value}" for key, value in own.items())
        yield f"{group}, then Fulcrum's own option {names}", [first, ar | own]
    for share in [0.2, 0.5, 1.0]:
        yield (
            f"{group}, then {TRL}, get_high_entropy_mask at {1 - share}",
            [first, {"use": "entropy-top", "share": share}],
        )
    for interval in range(4):
        yield (
            f"{group}, then {PAPER}, mask_prob_interval{interval + 1}",
            [first, {"use": "token-filter", "from": interval / 4, "to": (interval + 1) / 4}],
        )
    weights = "rollout_corr_helper.py, compute_rollout_correction_weights"
    correction = {"use": "rollout-correction"}
    sequence = correction | {"level": "sequence", "upper": 1.125}
    geometric = correction | {"level": "sequence-mean", "mode": "reject", "lower": 0.984375, "upper": 1.03125}
    yield f"{group}, then {weights}, token, 1.0625", [first, correction | {"upper": 1.0625}]
    yield (
        f"{group}, then {weights}, token, 0.9375_1.0625",
        [first, correction | {"mode": "mask", "lower": 0.9375, "upper": 1.0625}],
    )
    yield f"{leave_one_out}, then {weights}, sequence, 1.125", [{"use": "rloo"}, sequence]
    yield (
        f"{group}, then {weights}, sequence, 1.125, rollout_is_batch_normalize",
        [first, sequence | {"mean-normalised": True}],
    )
    yield (
        f"{group}, then compute_rollout_rejection_mask, seq_mean_k1, 1/1.03125 to 1/0.984375, then {weights},"
        " token, 1.0625",
        [first, geometric, correction | {"upper": 1.0625}],
    )
    yield (
        "a long chain of the above",
        [{"use": "kl-penalty", "beta": 0.25, "estimator": "k3"}, {"use": "rloo"}, ar,
         {"use": "entropy-top", "share": 0.5}],
    )


def main():
    batch = Batch()
    head = {
        "lengths": LENGTHS, "rewards": batch.rewards, "old-log-probabilities": batch.old,
        "rollout-log-probabilities": batch.rollout, "reference-log-probabilities": batch.reference,
        "entropies": batch.entropies,
    }
    cases = [
        {"source": source, "chain": chain, "advantages": run(batch, chain)}
        for source, chain in all_cases()
    ]
    lines = [f' "{key}": {json.dumps(value)},' for key, value in head.items()]
    lines += [' "cases": [', ",\n".join("  " + json.dumps(case) for case in cases), " ]"]
    target = pathlib.Path(__file__).with_name("advantages.json")
    target.write_text("\n".join(["{", *lines, "}"]) + "\n")
    print(f"{len(cases)} cases of {len(batch.old)} tokens")


if __name__ == "__main__":
    main()
