"""Takes vLLM's place in its process: the few calls that Fulcrum makes of it, and draws by rule.

The next token is a function of seed and place alone. What goes wrong, and when, the options say:
`fails` names it, as in `vllm-options: [fails=oom]`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import SimpleNamespace
from typing import Any

from .sampling_params import SamplingParams

__all__ = ["LLM", "SamplingParams", "__version__", "token_of"]
__version__ = "0.0.fake"


def token_of(seed: int, place: int) -> int:
    """The token at a place of a completion."""
    return 3 + (seed * 31 + place * 7) % 500


class LLM:
    """Loads nothing."""

    def __init__(self, **options: Any) -> None:
        self._fails = options.pop("fails", "")
        print("loading", options["model"], flush=True)
        if self._fails == "refuses":
            raise ValueError("Head size 16 is not supported")
        if self._fails == "oom":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes")
        if self._fails == "exits":
            print("no such instruction", file=sys.stderr, flush=True)
            os._exit(7)
        if self._fails == "hangs at start":
            time.sleep(3600)
        self._options = options
        self.version = 0
        self.llm_engine = Engine(self._fails, self)

    def collective_rpc(self, method: str, kwargs: dict[str, Any] | None = None) -> list[Any]:
        """What FulcrumWorker answers."""
        given = kwargs or {}
        if method == "fulcrum_describe":
            return [
                {
                    "vllm": __version__,
                    "version": self.version,
                    "logprobsMode": self._options["logprobs_mode"],
                    "maximumLength": self._options.get("max_model_len", 512),
                    "vocabulary": self._options.get("rows", 512),
                    "dtype": self._options["dtype"],
                }
            ]
        if method == "fulcrum_update":
            if self._fails == "update":
                raise RuntimeError("a tensor is missing")
            names = sorted(os.listdir(given["folder"]))
            print("took", " ".join(names), oct(os.stat(given["folder"]).st_mode & 0o777))
            self.version = given["version"]
        if method == "fulcrum_hide_rows":
            print("hides from", given["end"], flush=True)
        return [{"version": self.version}]

    def reset_prefix_cache(self) -> bool:
        """Whether it was cleared."""
        print("prefix cache cleared", flush=True)
        return self._fails != "cache"


class Engine:
    """Draws a token of each request in a step."""

    def __init__(self, fails: str, llm: LLM) -> None:
        self._fails, self._llm = fails, llm
        self._live: dict[str, list[Any]] = {}
        self._steps = 0
        self.engine_core = SimpleNamespace(shutdown=lambda: None)

    def add_request(
        self,
        name: str,
        prompt: dict[str, Any],
        given: SamplingParams,
        lora_request: object = None,
    ) -> str:
        """Gives the request's name within."""
        if self._fails == "refuses requests" and name != "probe":
            raise ValueError("the prompt is too long")
        self._live[name + "-within"] = [name, given, 0]
        return name + "-within"

    def abort_request(self, names: list[str], internal: bool) -> None:
        """Forgets requests."""
        assert internal
        aborted = [name for name in names if self._live.pop(name, None)]
        if aborted:
            print("aborted", len(aborted), flush=True)

    def has_unfinished_requests(self) -> bool:
        """Whether any is left."""
        return bool(self._live)

    def step(self) -> list[Any]:
        """The new tokens."""
        self._steps += 1
        self._fail()
        outputs = []
        for name, (number, given, place) in list(self._live.items()):
            token = token_of(given.seed, place)
            if self._fails == "no such token" and place == 3:
                token = 540
            value = -0.5 * place
            if self._fails == "nan" and place == 2:
                value = float("nan")
            is_last = place + 1 == given.max_tokens
            is_end = token in given.stop_token_ids and place >= given.min_tokens
            if self._fails == "ends early" and place == 1:
                is_last = True
            reason = "stop" if is_end else "length" if is_last else None
            if self._fails == "ends early" and is_last:
                reason = "repetition"
            logprobs = SimpleNamespace(logprobs=[value], start_indices=[0])
            one = SimpleNamespace(token_ids=[token], logprobs=logprobs, finish_reason=reason)
            outputs.append(SimpleNamespace(request_id=number, outputs=[one]))
            self._live[name][2] += 1
            if reason:
                del self._live[name]
        if self._fails == "slow":
            time.sleep(0.05)
        return outputs

    def _fail(self) -> None:
        if self._fails == "can't compute":
            raise RuntimeError("unsupported head_dim=16")
        if self._steps < 3:
            # The first is a probe.
            return
        if self._fails == "raises":
            raise RuntimeError("an expert is missing")
        if self._fails == "hangs":
            time.sleep(3600)
        if self._fails == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._fails == "other weights":
            self._llm.version = 77
