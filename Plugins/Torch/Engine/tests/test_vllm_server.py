"""Sampling by a server, with a small one in vLLM's place: requests, checks, failures."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support import step
from test_vllm_process import PROMPTS, request_of, split

from fulcrum_engine.engine import Engine
from fulcrum_engine.errors import EngineError
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.settings import Settings
from fulcrum_engine.vllm_loading import load_with
from fulcrum_engine.vllm_sampler import VLLMSampler


class Fake(ThreadingHTTPServer):
    """Answers as vLLM's server does; `fails` says what it lacks."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fails = ""
        self.version = 0
        self.logprobs_mode = "processed_logprobs"
        self.resets = 0
        self.requests: list[dict[str, Any]] = []
        self.updates: list[list[str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Fake

    def do_GET(self) -> None:
        if self.server.fails == "is no server":
            self._send(200, {"hello": "world"})
        else:
            self._send(200, {"data": [{"id": "the-model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fails = self.server.fails
        if self.path == "/collective_rpc":
            if fails == "no development mode":
                self._send(404, {"detail": "Not Found"})
            elif fails == "no extension":
                self._send(500, {"error": {"message": "no method fulcrum_describe"}})
            else:
                self._send(200, {"results": [self._worker(body)]})
        elif self.path == "/reset_prefix_cache":
            self.server.resets += 1
            # At first blocks are held yet.
            self._send(200, {"success": self.server.resets > 1})
        else:
            self._complete(body)

    def _worker(self, body: dict[str, Any]) -> dict[str, Any]:
        method, given = body["method"], body.get("kwargs", {})
        if method == "fulcrum_update":
            self.server.updates.append(sorted(one.name for one in Path(given["folder"]).iterdir()))
            self.server.version = given["version"]
        found: dict[str, Any] = {"version": self.server.version}
        if method == "fulcrum_describe":
            mode = self.server.logprobs_mode
            found |= {"vllm": "0.0", "logprobsMode": mode, "maximumLength": 512}
            found |= {"vocabulary": 512, "dtype": "float32"}
        return found

    def _complete(self, body: dict[str, Any]) -> None:
        fails = self.server.fails
        if fails == "is broken":
            self._send(500, {"error": {"message": "EngineDeadError"}})
        elif fails == "refuses":
            self._send(400, {"error": {"message": "the prompt is too long"}})
        elif fails == "is silent":
            time.sleep(5)
        elif fails == "lies":
            self._send(200, {"choices": []})
        else:
            self.server.requests.append(body)
            count = body["max_tokens"]
            tokens = [3 + (body["seed"] + k) % 400 for k in range(count)]
            ends = [k + 1 for k in range(count) if tokens[k] in body["stop_token_ids"]]
            tokens = tokens[: (ends or [count])[0]]
            values: list[float] = [-0.25 * k for k in range(len(tokens))]
            if fails == "is infinite":
                values[1] = -9999.0
            logprobs = {"token_logprobs": values}
            self._send(200, {"choices": [{"token_ids": tokens, "logprobs": logprobs}]})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Fake]:
    with Fake() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def loaded(folder: Path, url: str, limit: float = 60) -> tuple[Engine, VLLMSampler]:
    given = {"checkpoint": str(folder), "device": "cpu", "sampler": "vllm", "vllm-server": url}
    read = Settings.read({**given, "time-limit": limit})
    engine = Engine(read, Ranks(Place(), read.device))
    sampler = VLLMSampler(engine)
    load_with(engine, sampler)
    return engine, sampler


def test_weights_and_requests_go_over(llama: Path, server: Fake) -> None:
    engine, sampler = loaded(llama, server.url)
    assert engine.sampler == f"vllm 0.0, a server at {server.url}"
    # What the server has is not known: the first sampling brings the weights.
    sampler.bring()
    sampler.bring()
    assert len(server.updates) == 1 and server.version >= 1 << 12
    found = sampler.generate(PROMPTS, request_of(2, 8, minimum_tokens=3))
    first = server.version
    step(engine)
    sampler.bring()
    assert server.version == first + 1 and server.updates[1] == ["model.safetensors"]
    assert server.resets == 3
    assert split(sampler.generate(PROMPTS, request_of(2, 8, minimum_tokens=3))) == split(found)
    bodies = {body["seed"]: body for body in server.requests[:4]}
    assert len(bodies) == 4
    body = server.requests[0]
    assert body["prompt"] in ([5, 6, 7], [200, 3]) and body["model"] == "the-model"
    assert body["max_tokens"] == 8 and body["min_tokens"] == 3 and body["ignore_eos"]
    assert body["logprobs"] == 0 and body["return_token_ids"] and body["top_k"] == 0
    # A checkpoint's own defaults must not slip in.
    assert body["repetition_penalty"] == 1.0 and body["top_p"] == 1.0 and body["min_p"] == 0.0
    sampler.close()


def test_another_runs_weights_are_a_fault(llama: Path, server: Fake) -> None:
    _, sampler = loaded(llama, server.url)
    sampler.bring()
    server.version = 3
    with pytest.raises(EngineError, match="sampled from version 3 of the weights") as caught:
        sampler.generate(PROMPTS, request_of())
    assert caught.value.code == "plugin-fault"
    assert caught.value.hint == "nobody else may use the server while a run does"
    sampler.close()


LACKS = [
    ("is no server", "not-found", "no vLLM server serves a model: it answers KeyError('data')"),
    ("no development mode", "unsupported", "lacks the calls of its development mode"),
    ("no extension", "unsupported", "lacks the worker extension (--worker-extension-cls)"),
]


@pytest.mark.parametrize(("fails", "code", "sentence"), LACKS)
def test_what_a_server_lacks_is_told_at_connect(
    llama: Path, server: Fake, fails: str, code: str, sentence: str
) -> None:
    server.fails = fails
    with pytest.raises(EngineError) as caught:
        loaded(llama, server.url)
    assert caught.value.code == code and sentence in caught.value.message
    assert "VLLM_SERVER_DEV_MODE=1" in (caught.value.hint or "")


def test_other_log_probabilities_are_refused(llama: Path, server: Fake) -> None:
    server.logprobs_mode = "raw_logprobs"
    with pytest.raises(EngineError) as caught:
        loaded(llama, server.url)
    assert caught.value.message == (
        "vLLM's log-probabilities are raw_logprobs, expected processed_logprobs"
    )
    assert caught.value.hint == "start the server with --logprobs-mode processed_logprobs"


def test_nobody_there_is_told_with_the_url(llama: Path) -> None:
    # A port that nobody listens at.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(EngineError) as caught:
        loaded(llama, url)
    assert caught.value.code == "not-found"
    assert caught.value.message == (
        f"no vLLM server serves a model: vLLM's server at {url} can't be reached (/v1/models): "
        "[Errno 111] Connection refused"
    )


FAULTS = [
    ("is broken", "plugin-fault", "answers /v1/completions with 500: "),
    ("refuses", "unsupported", "answers /v1/completions with 400: "),
    ("is silent", "plugin-fault", "has not answered /v1/completions for 1 s (time-limit)"),
    ("lies", "plugin-fault", "answers IndexError('list index out of range') as a completion"),
    ("is infinite", "not-finite", "token 1 are not finite"),
]


@pytest.mark.parametrize(("fails", "code", "sentence"), FAULTS)
def test_failures_are_told(llama: Path, server: Fake, fails: str, code: str, sentence: str) -> None:
    _, sampler = loaded(llama, server.url, 1.0 if fails == "is silent" else 60)
    sampler.bring()
    server.fails = fails
    with pytest.raises(EngineError) as caught:
        sampler.generate(PROMPTS, request_of())
    assert caught.value.code == code and sentence in caught.value.message
    sampler.close()
