"""vLLM's own server as the sampler: weights by a folder that both see, requests over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from models import CONTEXT, make
from processes import are_gone, family
from vllm_support import (
    LENGTHS,
    assert_exact,
    move,
    prompts_of,
    request_of,
    sampling,
    saved,
    split,
)

from fulcrum_engine.errors import EngineError
from fulcrum_vllm.watch import end_group

PROMPTS = prompts_of(LENGTHS)
# Importing and loading takes half a minute on a busy machine, several processes do it.
START_SECONDS = 150


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("qwen2-tied", tmp_path_factory.mktemp("model"))


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """As the documentation says that it is started."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    words += ["--model", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    words += ["--worker-extension-cls", "fulcrum_vllm.extension.FulcrumWorker"]
    words += ["--logprobs-mode", "processed_logprobs", "--dtype", "float32", "--enforce-eager"]
    words += ["--max-model-len", str(CONTEXT), "--kv-cache-memory-bytes", str(64 << 20)]
    folders = [ROOT / "Python", ROOT / "Plugins" / "Torch" / "Engine"]
    environment = {
        **os.environ,
        "VLLM_SERVER_DEV_MODE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "TORCHDYNAMO_DISABLE": "1",
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
    }
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield url, process
    finally:
        pids = [process.pid, *family(process.pid)]
        end_group(process.pid)
        process.wait(10)
        assert are_gone(pids, 10)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url + "/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
            time.sleep(0.5)


def test_a_server_samples_and_takes_weights(
    server: tuple[str, subprocess.Popen[bytes]], folder: Path, tmp_path: Path
) -> None:
    url, process = server
    with sampling(folder, vllm_server=url) as (engine, sampler):
        assert engine.sampler == f"vllm {sampler.served.release}, a server at {url}"  # type: ignore[union-attr]
        sampler.bring()
        first = sampler.generate(PROMPTS, request_of())
        assert_exact(folder, PROMPTS, first)
        # Seeds repeat here, too.
        assert split(sampler.generate(PROMPTS, request_of())) == split(first)
        ends = engine.end_tokens
        engine.end_tokens = list(range(0, 512, 16))
        found = sampler.generate(PROMPTS, request_of(4, 40, minimum_tokens=5))
        assert found.finished.any()
        for tokens, finished in zip(split(found), found.finished, strict=True):
            assert len(tokens) > 5 and (tokens[-1] % 16 == 0) == bool(finished)
        engine.end_tokens = ends
        move(engine)
        sampler.bring()
        greedy = sampler.generate(PROMPTS, request_of(1, 16, 0.0))
        drawn = sampler.generate(PROMPTS, request_of())
        target = saved(engine, tmp_path / "saved")
        for one in (greedy, drawn):
            assert_exact(target, PROMPTS, one)
        # A process that loads them afresh says the same.
        with sampling(target) as (_, fresh):
            other = fresh.generate(PROMPTS, request_of(1, 16, 0.0))
            assert split(other) == split(greedy)
        # Its worker dies: an error, within a second or two.
        workers = [pid for pid in family(process.pid) if pid != process.pid]
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(EngineError) as caught:
            sampler.generate(PROMPTS, request_of())
        assert caught.value.code == "plugin-fault" and url in caught.value.message
        assert time.monotonic() - began < 10
