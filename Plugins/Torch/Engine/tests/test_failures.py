"""What the host is told of exceptions."""

from __future__ import annotations

import torch

from fulcrum_engine.errors import EngineError
from fulcrum_engine.failures import error_header
from fulcrum_engine.sampler import Distribution, draw


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def test_an_engine_error_keeps_its_code_and_remedy() -> None:
    header = error_header(raised(EngineError("data", "prompt 3 is empty", "drop it")))
    where = header.pop("where")
    assert header == {"message": "prompt 3 is empty", "code": "data", "hint": "drop it"}
    assert where.startswith("test_failures.py:") and where.endswith(" in raised")


def test_no_memory_is_told_with_remedies() -> None:
    errors = [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nDetails"),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    ]
    for error in errors:
        header = error_header(raised(error))
        assert header["code"] == "plugin-fault"
        assert header["message"].startswith("out of memory: ") and "\n" not in header["message"]
        for remedy in ("microbatch-tokens", "decoding-rows", "gradient-checkpointing", "fsdp2"):
            assert remedy in header["hint"]


def test_other_errors_name_the_engines_line_and_the_last_one() -> None:
    try:
        draw(torch.zeros(2), torch.zeros(2), Distribution(1.0))
    except IndexError as error:
        header = error_header(error)
    assert header["code"] == "plugin-fault" and header["message"].startswith("IndexError: ")
    assert "in _distribution" in header["where"] or "sampler.py" in header["where"]
    assert "hint" not in header


def test_an_error_of_pages_is_cut() -> None:
    assert len(error_header(raised(ValueError("x" * 100_000)))["message"]) < 2100
