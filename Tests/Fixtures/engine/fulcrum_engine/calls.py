"""What each call does."""

from __future__ import annotations

import array
import json
import os
from typing import Any

from . import model, sampling
from .batch import Batch, scores
from .model import Table
from .notes import note
from .state import NOTHING, Content, Refusal, State
from .training import COUNT, Trainer

# Nats by which the separate sampler is off.
GAP = 0.0625


class Engine(State):
    """All calls: what works on batches is here, the rest in `State`."""

    def reply(self, call: Any) -> Content:
        work = getattr(self, "call_" + call.name, None)
        if work is None:
            raise Refusal("unsupported", f"no call {call.name}")
        if call.name not in ("start", "load", "memory", "encode", "decode", "render", "end"):
            if not self.tables:
                raise Refusal("usage", f"the weights must be loaded before '{call.name}'")
        result: Content = work(call, call.frame.header, call.frame.arrays)
        return result

    def call_start(self, call: Any, header: Any, arrays: Any) -> Content:
        self.parameters = header["parameters"]
        folder = self.parameters["checkpoint"]
        if not os.path.isdir(folder):
            raise Refusal("checkpoint", f"no checkpoint at '{folder}'", "give a folder")
        note("starts", f"{header['seed']} {header['threads']}")
        facts = [["vocabulary", model.VOCABULARY], ["layers", []], ["family", "bigram"]]
        return {
            "summary": "a bigram, not loaded", "contextLength": model.CONTEXT,
            "endTokens": [model.END], "endToken": model.END, "vocabularySize": model.VOCABULARY,
            "parameterCount": COUNT, "facts": facts, "template": True,
            "operations": {"row": 2.0, "pair": 0.5, "scored": 256.0},
        }, {}  # fmt: skip

    def call_load(self, call: Any, header: Any, arrays: Any) -> Content:
        note("loads", self.parameters["checkpoint"])
        self.tables[0] = self.read(self.parameters["checkpoint"])
        self.trainer = Trainer(self.parameters)
        return {"head": "whole", "summary": "a bigram", "facts": [["family", "bigram"]]}, {}

    def call_open(self, call: Any, header: Any, arrays: Any) -> Content:
        self.count += 1
        self.tables[self.count] = self.read(header["checkpoint"])
        return {"model": self.count}, {}

    def call_memory(self, call: Any, header: Any, arrays: Any) -> Content:
        parts = [["weights, f64", 8 * COUNT], ["rows", 8 * header["completions"]]]
        return {"parts": parts}, {}

    def read(self, folder: str) -> Table:
        """The weights of a folder; of one without a file, the first ones."""
        path = os.path.join(folder, "table.f64")
        weights = None
        if os.path.exists(path):
            with open(path, "rb") as file:
                weights = array.array("d", file.read())
            if len(weights) != COUNT:
                raise Refusal("checkpoint", f"expected {COUNT} weights, got {len(weights)}")
        return Table(weights)

    def call_encode(self, call: Any, header: Any, arrays: Any) -> Content:
        return {}, {"tokens": model.encode(arrays["text"].text())}

    def call_decode(self, call: Any, header: Any, arrays: Any) -> Content:
        tokens = list(arrays["tokens"].values())
        if not all(0 <= token < model.VOCABULARY for token in tokens):
            raise Refusal("data", f"expected tokens below {model.VOCABULARY}")
        return {}, {"text": model.decode(tokens, header["keepSpecial"]).encode()}

    def call_render(self, call: Any, header: Any, arrays: Any) -> Content:
        turns = json.loads(arrays["text"].text())
        text = "".join(f"[{turn['role']}] {turn['content']}\n" for turn in turns)
        return {"has": True}, {"text": text.encode()}

    def call_generate(self, call: Any, header: Any, arrays: Any) -> Content:
        table = self.table(header["model"])
        prompts = list(arrays["promptTokens"].values())
        offsets = list(arrays["promptOffsets"].values())
        draws = sampling.Draws(int(header["seed"]))
        tokens, ends = array.array("i"), array.array("q", [0])
        logs, finished = array.array("f"), array.array("B")
        for prompt, identity in enumerate(arrays["ids"].values()):
            length = offsets[prompt + 1] - offsets[prompt]
            if length == 0 or length + header["maximumTokens"] > model.CONTEXT:
                raise Refusal("data", f"prompt {prompt} is empty or leaves no room")
            for sample in range(header["samplesPerPrompt"]):
                drawn, found, is_finished = sampling.complete(
                    table, prompts[offsets[prompt + 1] - 1], draws,
                    (header["step"], identity, sample), header)  # fmt: skip
                for token in drawn if header["observe"] else []:
                    columns = {"prompt": prompt, "sample": sample, "token": token}
                    call.event({}, {k: array.array("i", [v]) for k, v in columns.items()})
                tokens.extend(drawn)
                logs.extend(found)
                ends.append(len(tokens))
                finished.append(is_finished)
        if self.parameters["sampler"] == "vllm" and header["model"] == 0:
            # Another program's numbers: off by up to GAP, by the token.
            logs = array.array(
                "f", (log + GAP * (token % 3 - 1) for log, token in zip(logs, tokens, strict=True))
            )
        return {}, {
            "tokens": tokens, "offsets": ends, "logProbabilities": logs, "finished": finished,
        }  # fmt: skip

    def call_generateBegin(self, call: Any, header: Any, arrays: Any) -> Content:
        if self.parameters["sampler"] != "vllm":
            raise Refusal("unsupported", "the engine itself samples, and can't while it trains")
        self.begun = self.call_generate(call, header, arrays)
        return NOTHING

    def call_generateEnd(self, call: Any, header: Any, arrays: Any) -> Content:
        return self.begun

    def scored(self, table: Table, places: list[tuple[int, int]], header: Any) -> dict[str, Any]:
        columns = scores(table, places, header)
        if isinstance(columns, str):
            raise Refusal("unsupported", f"no statistic {columns}")
        return columns

    def call_score(self, call: Any, header: Any, arrays: Any) -> Content:
        return {}, self.scored(self.table(header["model"]), Batch(arrays).places, header)

    def call_accumulate(self, call: Any, header: Any, arrays: Any) -> Content:
        table, batch = self.table(header["model"]), Batch(arrays)
        taking = [True] * len(batch.places)
        if "participants" in arrays:
            taking = [bool(flag) for flag in arrays["participants"].values()]
        pieces = batch.pieces(taking, self.parameters["microbatch-tokens"])
        for number, piece in enumerate(pieces):
            columns = self.scored(table, [batch.places[i] for i in piece], header)
            answer = call.ask({"piece": number}, {"places": array.array("q", piece)} | columns)
            if answer is None:
                continue
            if answer.header["stop"]:
                break
            weights = list(answer.arrays["weights"].values())
            pulls = [0.0] * len(weights)
            if header["entropy"]:
                pulls = list(answer.arrays["entropyWeights"].values())
            for place, *both in zip(piece, weights, pulls, strict=True):
                self.trainer.add(
                    table, batch.places[place], header["temperature"], (both[0], both[1])
                )
            count = header["candidates"]
            if count == 0:
                continue
            # A candidate's weight is that of its token, drawn in place of the place's own.
            listed = self.scored(
                table,
                [batch.places[i] for i in piece],
                header | {"statistics": [f"top-tokens({count})"]},
            )["further-0"].values()
            shares = list(answer.arrays["candidateWeights"].values())
            for number, weight in enumerate(shares):
                previous, _ = batch.places[piece[number // count]]
                pair = (previous, int(listed[number]))
                self.trainer.add(table, pair, header["temperature"], (weight, 0.0))
        return NOTHING

    def call_activationGradients(self, call: Any, header: Any, arrays: Any) -> Content:
        places = [Batch(arrays).places[place] for place in arrays["places"].values()]
        levers = self.scored(self.tables[0], places, header | {"statistics": []})["levers"]
        # The table gives the logits themselves: there is no layer before them.
        norms = array.array("f", (lever / header["temperature"] for lever in levers))
        return {"layers": ["logits"]}, {"norms": norms, "ownNorms": norms}

    def call_peak(self, call: Any, header: Any, arrays: Any) -> Content:
        return {"operations": 1e9}, {}

    def call_end(self, call: Any, header: Any, arrays: Any) -> Content:
        note("ends", 1)
        return NOTHING
