"""What `fulcrum plan` is told of a machine: the fit of its coefficients, and the file."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from machine_costs import (
    PASS_TERMS,
    STEP_TERMS,
    Sizes,
    Work,
    fit,
    fit_steps,
    pass_terms,
    predicted_step,
    step_terms,
)
from machine_file import Coefficients, write_machine
from machine_links import Link, Links

SIZES = [
    Sizes(4, 2048, 6.4e6, 4096.0, 1.05e6, 14_000, 1.5e7, 16_384.0, 4_000_000),
    Sizes(8, 2048, 5.1e7, 16_384.0, 2.1e6, 28_000, 1.06e8, 65_536.0, 28_000_000),
    Sizes(2, 32_000, 3.2e6, 2048.0, 1.64e7, 14_000, 3.9e7, 8192.0, 9_000_000),
]
WORKS = [Work(1, 16, 136.0, 12), Work(1, 512, 16_448.0, 448), Work(2, 512, 130_000.0, 400)]


def test_a_fit_finds_the_coefficients_that_made_the_timings() -> None:
    true = np.array([1e-2, 1e-3, 1.3e-11, 1e-11, 5e-11, 2e-8, 1e-10])
    terms = [pass_terms(work, sizes, 3, 3) for sizes in SIZES for work in WORKS]
    # Rows of seven terms, nine of them: exact but for the descent's end, at 1e-7 of a coefficient.
    found = fit(terms, [float(row @ true) for row in terms])
    times = np.array([row @ found / (row @ true) for row in terms])
    assert times == pytest.approx(1, abs=1e-3)


def test_a_timing_that_was_disturbed_changes_little() -> None:
    true = np.array([1e-2, 1e-3, 1.3e-11, 0, 0, 2e-8, 0])
    terms = [pass_terms(work, sizes, 1, 1) for sizes in SIZES for work in WORKS]
    seconds = [float(row @ true) for row in terms]
    disturbed = [*seconds[:4], 3 * seconds[4], *seconds[5:]]
    found = fit(terms, disturbed)
    errors = sorted(abs(row @ found / one - 1) for row, one in zip(terms, seconds, strict=True))
    assert errors[len(errors) // 2] < 0.02
    assert (found >= 0).all()


def test_steps_of_few_rows_wait_for_weights_and_others_for_products() -> None:
    true = np.array([1e-3, 5e-4, 2e-11, 1e-10, 1e-11, 3e-9])
    terms = [step_terms(rows, 40, sizes) for sizes in SIZES for rows in (1, 2, 16, 64)]
    seconds = [predicted_step(row, true) for row in terms]
    # One row reads 4 bytes for 2 operations, 64 take 128.
    assert terms[0][3] * true[3] > terms[0][2] * true[2]
    assert terms[3][3] * true[3] < terms[3][2] * true[2]
    found = fit_steps(terms, seconds)
    for row, one in zip(terms, seconds, strict=True):
        assert predicted_step(row, found) == pytest.approx(one, rel=1e-3)


def test_the_file_has_rates_and_says_what_was_not_measured(tmp_path: Path) -> None:
    of_pass = dict.fromkeys(PASS_TERMS, 1e-9)
    of_step = dict.fromkeys(STEP_TERMS, 1e-9) | {"layout": 0.0}
    found = Coefficients(
        1e11,
        of_pass,
        of_pass | {"elements": 0.0},
        of_step,
        {"step": 0.0, "bytes": 1e-10},
        {"scoring": 0.04},
    )
    file = tmp_path / "machine.yaml"
    write_machine(file, "two", "cpu", 2, {"f32": found}, (0.9, 0.8), Links(Link(2e9, 1e-4), None))
    text = file.read_text()
    lines = text.splitlines()
    assert "# In the median the fits are off by: scoring 4 %." in lines
    assert "# 'between' was not measured: there was one node." in lines
    assert "peak: {f32: 1e+11}" in lines
    assert "  products-f32: 1e+09" in lines
    # No cost was seen.
    assert "  elements: 1e+30" in lines
    assert "  layout: 0" in lines
    # The backward pass alone adds gradients.
    assert text.count("  gradients: ") == 1
    assert "optimizer: {step: 0, bytes: 1e+10}" in lines
    assert "within: {bandwidth: 2e+09, latency: 0.0001}" in lines
