"""The exponential of the C library, to the bit, for arrays.

NumPy's own differs from it in the last place, and from machine to machine. The kernel of Fulcrum
uses the C library's, so a method that is to give the same bits in Python and in Swift needs this
one. It is the algorithm of ARM's optimized routines, which glibc has: e^x = 2^(k/32) e^r with |r|
small, in double precision, rounded once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_SIZE = 32
# Of 2^z - 1 for |z| <= 1/64, by z^3, z^2, z, in units of 1/32.
_CUBIC, _SQUARE, _LINEAR = (
    float.fromhex("0x1.c6af84b912394p-5") / _SIZE**3,
    float.fromhex("0x1.ebfce50fac4f3p-3") / _SIZE**2,
    float.fromhex("0x1.62e42ff0c52d6p-1") / _SIZE,
)
_INVERSE_LN2 = float.fromhex("0x1.71547652b82fep+0") * _SIZE


def exp(values: Any) -> npt.NDArray[np.float32]:
    """Returns e^x of float32 numbers as float32: what the kernel's `exp` gives, to the bit."""
    import numpy as np

    x = np.asarray(values, dtype=np.float32)
    # Beyond these the result is 0 or infinite in single precision.
    wide = np.clip(np.nan_to_num(x.astype(np.float64), nan=0.0), -104.0, 89.0)
    scaled = wide * _INVERSE_LN2
    whole = np.rint(scaled)
    rest = scaled - whole
    power = np.ldexp(_table()[whole.astype(np.int64) % _SIZE], whole.astype(np.int64) // _SIZE)
    squared = rest * rest
    result = (_CUBIC * rest + _SQUARE) * squared + (_LINEAR * rest + 1.0)
    with np.errstate(over="ignore", under="ignore"):
        return np.where(np.isnan(x), x, (result * power).astype(np.float32))


def _table() -> npt.NDArray[np.float64]:
    """Returns 2^(i/32) for i from 0 to 31."""
    import numpy as np

    return np.array([2.0 ** (i / _SIZE) for i in range(_SIZE)])
