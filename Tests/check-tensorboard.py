"""Reads a run's events with the real TensorBoard, and holds them against the run's other files.

Usage: check-tensorboard.py RUN. Exit status 1 if anything differs.
"""

import json
import math
import os
import sys

from tensorboard.backend.event_processing import plugin_event_multiplexer
from tensorboard.util import tensor_util


def lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def main():
    run = sys.argv[1]
    steps = lines(os.path.join(run, "metrics.jsonl"))
    everything = dict.fromkeys(("scalars", "histograms", "text", "tensors", "images"), 0)
    multiplexer = plugin_event_multiplexer.EventMultiplexer(
        size_guidance=everything, tensor_size_guidance={"scalars": 0, "histograms": 0, "text": 0}
    )
    multiplexer.AddRunsFromDirectory(os.path.dirname(run))
    multiplexer.Reload()
    name = os.path.basename(run) + "/tensorboard"
    assert list(multiplexer.Runs()) == [name], multiplexer.Runs()

    def tags(plugin):
        return set(multiplexer.PluginRunToTagToContent(plugin)[name])

    def series(tag):
        """The values of a tag by step; none twice."""
        events = multiplexer.Tensors(name, tag)
        values = {event.step: tensor_util.make_ndarray(event.tensor_proto) for event in events}
        assert len(values) == len(events), f"{tag}: a step is there twice"
        assert list(values) == sorted(values), f"{tag}: steps out of order"
        return values

    # Scalars: those of metrics.jsonl, in single precision.
    expected = {}
    for line in steps:
        for tag, value in line.items():
            if tag != "step":
                expected.setdefault(tag, {})[line["step"]] = value
    evaluations = lines(os.path.join(run, "evaluations.jsonl"))
    for line in evaluations:
        for category, row in line.items():
            if category != "step":
                tag = "evaluation/" + category
                expected.setdefault(tag, {})[line["step"]] = row["accuracy"]
    assert tags("scalars") == set(expected), tags("scalars") ^ set(expected)
    for tag, wanted in expected.items():
        found = series(tag)
        assert set(found) == set(wanted), (tag, found, wanted)
        for step, value in wanted.items():
            if value is None:
                assert math.isnan(found[step]), (tag, step, found[step])
            else:
                assert math.isclose(found[step], value, rel_tol=1e-6, abs_tol=1e-30), (tag, step)

    # Histograms: rows of left, right, count.
    names = {"tokens/probability", "tokens/advantage", "tokens/log10_pull"}
    assert tags("histograms") == names, tags("histograms")
    before = 0
    tokens = {}
    for line in steps:
        tokens[line["step"]] = line["num_tokens"] - before
        before = line["num_tokens"]
    for tag in names:
        found = series(tag)
        assert set(found) == set(tokens), tag
        for step, rows in found.items():
            count = sum(rows[:, 2])
            assert (rows[:, 0] <= rows[:, 1]).all(), (tag, rows)
            if tag == "tokens/log10_pull":
                assert 0 < count <= tokens[step], (tag, step, count)
            else:
                assert count == tokens[step], (tag, step, count, tokens[step])
    below = sum(row[2] for row in series("tokens/probability")[1] if row[1] <= 0.25)
    share = steps[0]["probability/0.00-0.25/token_share"] * tokens[1]
    assert abs(below - share) <= 1, (below, share)

    # Text: a prompt and its completions, as in samples/.
    assert tags("text") == {"samples"}, tags("text")
    for step, rows in series("samples").items():
        samples = lines(os.path.join(run, "samples", f"step-{step}.jsonl"))[:4]
        texts = [row.decode() for row in rows]
        assert samples[0]["prompt"] in texts[0], texts[0]
        for sample, text in zip(samples, texts[1:]):
            assert sample["completion"] in text and sample["outcome"] in text, text
    print(f"{run}: {len(expected)} scalars, {len(names)} histograms and text of {len(steps)} steps")


main()
