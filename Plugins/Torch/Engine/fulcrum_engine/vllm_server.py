"""Samples by a vLLM server that runs elsewhere: its OpenAI interface, with token numbers.

A completion is a request of its own, for it has a seed of its own; what requests of one prompt have
in common the server's prefix cache computes once.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from http.client import HTTPException
from typing import Any

import numpy as np

from .collecting import Collector
from .errors import EngineError
from .rows import Completions
from .vllm_request import Asked, Served

Beat = Callable[[], None]
_START = (
    "start it with VLLM_SERVER_DEV_MODE=1 and the options that Documentation/Engine.md has under"
    " 'Sampling by vLLM'"
)
# What the server says where a log-probability is −∞.
_LEAST = -9999.0
_EXCERPT = 500


class VLLMServer:
    """A server, as the engine calls it.

    Args:
        url: `http://host:port`.
        limit: seconds that one answer may take.
        rows: requests that are under way at a time.
    """

    def __init__(self, url: str, limit: float, rows: int) -> None:
        self._url, self._limit = url.rstrip("/"), limit
        self._rows = rows
        # A cluster's own machines are not behind its proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._model = ""
        self._lock = threading.Lock()
        self._collector: Collector | None = None
        self._work: list[Future[None]] = []

    def started(self, beat: Beat) -> Served:
        """Checks that it is there and is what sampling needs; gives what it serves.

        Raises:
            EngineError: not-found or unsupported.
        """
        try:
            models = self._call("/v1/models", None)["data"]
            self._model = str(models[0]["id"])
        except (EngineError, KeyError, IndexError, TypeError) as error:
            text = error.message if isinstance(error, EngineError) else f"it answers {error!r}"
            raise EngineError(
                "not-found", f"no vLLM server serves a model: {text}", _START
            ) from None
        try:
            found = self._call("/collective_rpc", {"method": "fulcrum_describe"})["results"][0]
        except EngineError as error:
            lacks = "the worker extension (--worker-extension-cls)"
            if error.code == "not-found":
                lacks = "the calls of its development mode (VLLM_SERVER_DEV_MODE=1)"
            raise EngineError(
                "unsupported",
                f"vLLM's server at {self._url} lacks {lacks}: {error.message}",
                _START,
            ) from None
        return Served.read(found)

    def workers(
        self, method: str, arguments: Mapping[str, Any], beat: Beat, resets: bool = False
    ) -> list[dict[str, Any]]:
        """Calls a method of all workers, and gives their answers."""
        with ThreadPoolExecutor(1) as thread:
            body = {"method": method, "kwargs": dict(arguments)}
            work = thread.submit(self._call, "/collective_rpc", body)
            _beat_until({work}, beat)
            answers: list[dict[str, Any]] = work.result()["results"]
        if resets:
            self._reset()
        return answers

    def begin(self, asked: Asked, collector: Collector) -> None:
        """Sends the requests, and gives back at once."""
        self._collector = collector
        if not asked.count:
            return
        threads = ThreadPoolExecutor(min(self._rows, asked.count), "vllm request")
        self._work = [
            threads.submit(self._complete, asked, number, collector)
            for number in range(asked.count)
        ]
        threads.shutdown(wait=False)

    def finish(self, beat: Beat) -> tuple[Completions, int]:
        """Waits for what `begin` began; gives it with the version of the weights.

        Raises:
            EngineError: not-finite, unsupported, plugin-fault.
        """
        collector, work = self._collector, self._work
        assert collector is not None
        self._collector, self._work = None, []
        _beat_until(set(work), beat)
        # The first failure in the order of completions: the others may follow from it.
        for one in work:
            if not one.cancelled():
                one.result()
        versions = {one["version"] for one in self.workers("fulcrum_version", {}, beat)}
        return collector.completions({}), int(versions.pop()) if len(versions) == 1 else -1

    def close(self) -> None:
        """Leaves the server as it is, but for requests that nobody waits for."""
        for one in self._work:
            one.cancel()

    def _complete(self, asked: Asked, number: int, collector: Collector) -> None:
        header = asked.header
        limit = int(asked.arrays["limits"][number])
        body = {
            "model": self._model,
            "prompt": asked.prompt(number),
            "max_tokens": limit,
            "min_tokens": min(header["minimumTokens"], limit),
            "temperature": header["temperature"],
            "top_k": header["topK"],
            "top_p": header["topP"],
            "min_p": header["minP"],
            "seed": int(asked.arrays["seeds"][number]),
            "stop_token_ids": header["endTokens"],
            "ignore_eos": True,
            "logprobs": 0,
            "return_token_ids": True,
            # A checkpoint may name others, which the server takes where a request is silent.
            "repetition_penalty": 1.0,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
        }
        try:
            choice = self._call("/v1/completions", body)["choices"][0]
            tokens = np.array(choice["token_ids"], np.int64)
            values = np.array(choice["logprobs"]["token_logprobs"], np.float32)
            values[values <= _LEAST] = -np.inf
            with self._lock:
                collector.take(np.full(len(tokens), number), tokens, values)
        except Exception as error:
            for one in self._work:
                one.cancel()
            if isinstance(error, EngineError):
                raise
            raise EngineError(
                "plugin-fault", f"vLLM's server at {self._url} answers {error!r} as a completion"
            ) from error

    def _reset(self) -> None:
        end = time.monotonic() + min(self._limit, 30)
        while not self._call("/reset_prefix_cache", {})["success"]:
            # Blocks of requests that have ended may be held for a moment.
            if time.monotonic() > end:
                raise EngineError(
                    "plugin-fault",
                    f"vLLM's server at {self._url} doesn't clear its prefix cache after an update"
                    " of the weights",
                    "nobody else may use the server while a run does",
                )
            time.sleep(0.1)

    def _call(self, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """Posts JSON, or gets with none; gives the answer's object.

        Raises:
            EngineError: not-found for an unknown path, unsupported for what the server refuses,
                plugin-fault for everything else.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, data, headers)
        try:
            with self._opener.open(request, timeout=self._limit) as answer:
                found: dict[str, Any] = json.loads(answer.read())
                return found
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")[:_EXCERPT]
            codes = {404: "not-found", 400: "unsupported", 422: "unsupported"}
            raise EngineError(
                codes.get(error.code, "plugin-fault"),
                f"vLLM's server at {self._url} answers {path} with {error.code}: {text}",
                None if error.code in codes else "its own output says more",
            ) from None
        except TimeoutError:
            raise EngineError(
                "plugin-fault",
                f"vLLM's server at {self._url} has not answered {path} for {self._limit:g} s"
                " (time-limit)",
                "its own output says more",
            ) from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise EngineError(
                "plugin-fault",
                f"vLLM's server at {self._url} can't be reached ({path}): {reason}",
                "its own output says more; `fulcrum resume` goes on once it runs again",
            ) from None


def _beat_until(work: set[Future[Any]], beat: Beat) -> None:
    while work:
        work = wait(work, 0.5).not_done
        beat()
