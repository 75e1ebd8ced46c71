"""Writes adaptive-entropy.json: how the coefficient follows entropies, by Skywork-OR1's own code.

Needs numpy, and the file verl/trainer/ppo/core_algos.py of github.com/SkyworkAI/Skywork-OR1. Nothing of it
is written down here: its class `EntController` is taken out of it and run.
Usage: python make-adaptive-entropy.py CORE_ALGOS > adaptive-entropy.json
"""

import ast
import json
import random
import sys

import numpy as np


def controller(path):
    """The authors' class."""
    tree = ast.parse(open(path).read())
    tree.body = [
        node for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "EntController"
    ]
    names = {"np": np}
    exec(compile(tree, path, "exec"), names)
    return names["EntController"]


def main():
    made = controller(sys.argv[1])
    draw = random.Random(20250528)
    cases = []
    for target, delta, least, most, first in (
        (0.2, 1e-4, 0.0, 5e-3, 0.0), (0.5, 0.25, 0.125, 1.0, 0.5), (1.0, 0.0625, 0.0, 0.25, 0.25)
    ):
        # Numbers of few bits, so that float32 has them exactly; some are the target itself.
        entropies = [round(draw.uniform(0, 2 * target) * 256) / 256 for _ in range(40)]
        entropies[7] = entropies[8] = target if target != 0.2 else 0.25
        found = made(first, most, least, delta, target, True)
        steps = []
        for entropy in entropies:
            found.update(entropy)
            steps.append([found.value, found.entropy_loss_enabled])
        cases.append({
            "target": target, "delta": delta, "minimum": least, "maximum": most, "initial": first,
            "entropies": entropies, "steps": steps})
    json.dump({"cases": cases}, sys.stdout, indent=None)
    print()


main()
