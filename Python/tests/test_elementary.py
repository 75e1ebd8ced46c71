"""The exponential beside the C library's."""

from __future__ import annotations

import ctypes
import platform

import numpy as np
import pytest

from fulcrum.elementary import exp

EDGES = [0, -0.0, -104, -103.97, -87.4, 88.7, 88.8, 89, 200, -200, np.inf, -np.inf, np.nan]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_it_is_the_c_librarys_to_the_bit() -> None:
    expf = ctypes.CDLL("libm.so.6").expf
    expf.restype, expf.argtypes = ctypes.c_float, [ctypes.c_float]
    draws = np.random.default_rng(1)
    given = np.concatenate([-draws.exponential(3, 40_000), draws.normal(size=20_000) * 30, EDGES])
    given = given.astype(np.float32)
    expected = np.array([expf(float(x)) for x in given], dtype=np.float32)
    got = exp(given)
    assert got.dtype == np.float32
    assert np.array_equal(got.view(np.uint32)[:-1], expected.view(np.uint32)[:-1])
    assert np.isnan(got[-1])


def test_shapes_stay() -> None:
    assert exp([[0.0, 0.0]]).tolist() == [[1.0, 1.0]]
