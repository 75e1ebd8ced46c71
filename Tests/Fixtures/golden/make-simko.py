"""Writes simko.json: slopes of one small batch, from SimKO's own code.

Needs torch, and the file verl/trainer/ppo/core_algos.py of github.com/CLR-Lab/SimKO. Nothing of it is
written down here: its function `compute_policy_loss_simko`, and the one that it calls, are taken out of
it and run in float64. autograd gives the slopes by each token's log π and by each candidate's.
Usage: python make-simko.py CORE_ALGOS > simko.json
"""

import ast
import json
import random
import sys
from types import SimpleNamespace

import torch

LENGTHS = [6, 1, 9, 4, 7, 5]
# Of right answers above 0, of wrong ones below it, and one group without a difference.
ADVANTAGES = [1.0, -1.0, -0.625, 0.75, 1.5, 0.0]
TOP = 3


def functions(path):
    """The two functions of the authors' file, with what they name."""
    tree = ast.parse(open(path).read())
    wanted = {"compute_policy_loss_simko", "row_quantile_masked"}
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in wanted]

    def masked_mean(values, mask):
        return (values * mask).sum() / mask.sum()

    names = {"torch": torch, "verl_F": SimpleNamespace(masked_mean=masked_mean)}
    exec(compile(tree, path, "exec"), names)
    return names["compute_policy_loss_simko"]


def binary(value):
    """A number of few bits, so that float32 has it exactly."""
    return round(value * 1024) / 1024


def main():
    loss_of = functions(sys.argv[1])
    draw = random.Random(20251014)
    count = sum(LENGTHS)
    old = [binary(draw.uniform(-3, -0.4)) for _ in range(count)]
    # Some ratios are outside of the clip, on either side.
    current = [min(binary(x + draw.gauss(0, 0.2)), -0.0625) for x in old]
    entropies = [binary(draw.uniform(0, 2.5)) for _ in range(count)]
    ranks = [draw.choice([0, 0, 1, 4]) for _ in range(count)]
    top = [[binary(-0.5 - k - draw.random()) for k in range(TOP)] for _ in range(count)]
    width = max(LENGTHS)

    def padded(values, fill):
        rows, place = [], 0
        for length in LENGTHS:
            rows.append(values[place : place + length] + [fill] * (width - length))
            place += length
        return torch.tensor(rows, dtype=torch.float64)

    mask = padded([1.0] * count, 0.0)
    advantages = torch.tensor(ADVANTAGES, dtype=torch.float64)[:, None] * mask
    # The authors' rewards are 0 and 1; a right answer of a group of right ones has advantage 0.
    scores = torch.zeros_like(mask)
    scores[:, 0] = (advantages[:, 0] >= 0).double()
    old_top = padded([[binary(x - draw.gauss(0, 0.1)) for x in row] for row in top], [0.0] * TOP)
    cases = []
    for alpha, tau, clip in ((0.01, 0.8, 0.2), (0.5, 0.3, 0.25)):
        x = padded(current, 0.0).requires_grad_()
        y = padded(top, [0.0] * TOP).requires_grad_()
        loss, clipped, _ = loss_of(
            padded(old, 0.0), old_top, x, y, padded(entropies, 0.0), advantages.clone(), mask, clip,
            scores, (padded(ranks, 1.0) == 0).double(), mix_topk_coef=alpha, tau=tau)
        loss.backward()

        def flat(tensor):
            return [v for row, n in zip(tensor.tolist(), LENGTHS) for v in row[:n]]

        cases.append({
            "alpha": alpha, "quantile": tau, "clip": clip,
            "clipped": clipped.item(), "slopes": [-v for v in flat(x.grad)],
            "candidate-slopes": [[-v for v in row] for row in flat(y.grad)]})
    json.dump({
        "lengths": LENGTHS, "advantages": [a for a, n in zip(ADVANTAGES, LENGTHS) for _ in range(n)],
        "log-probabilities": current, "old-log-probabilities": old, "entropies": entropies,
        "ranks": ranks, "top-log-probabilities": top, "cases": cases}, sys.stdout, indent=1)
    print()


main()
