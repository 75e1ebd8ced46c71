"""The number of what plugins write with: a file may say which one it was written for."""

from __future__ import annotations

from .errors import Fault

# The first rises when files must be changed, the second when something was added.
INTERFACE = (1, 0)


def check(wanted: object, file: str) -> None:
    """Compares a file's `__fulcrum__`, such as "1.0", with this package.

    - Raises Fault for another number before the point, a later one behind it, or no such number.
    """
    here = f"{INTERFACE[0]}.{INTERFACE[1]}"
    try:
        major, minor = (int(part) for part in str(wanted).split("."))
    except ValueError:
        raise Fault(f"{file}: expected '__fulcrum__ = \"{here}\"', got {wanted!r:.40}") from None
    if major != INTERFACE[0] or minor > INTERFACE[1]:
        raise Fault(
            f"{file} was written for the interface {major}.{minor}, this is {here}",
            "use the Fulcrum that it was written for, or change the file and its '__fulcrum__'",
        )
