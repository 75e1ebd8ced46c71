"""Entry of a rank: `python -m fulcrum_engine`, started by Fulcrum and not by hand.

Order matters: the lifeline is there before torch is, for importing it takes seconds.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from typing import TYPE_CHECKING

from .place import Place

if TYPE_CHECKING:
    from .lifeline import Lifeline

_BY_HAND = (
    "fulcrum_engine is a part of Fulcrum, which starts it and calls it over a socket: "
    "run `fulcrum` with a policy of the plugin Torch instead of starting it by hand"
)


def main() -> int:
    """Connects to the host and serves it; gives the exit status.

    2: it was started in a way in which it can't serve; 1: it ended with an error.
    """
    environment = os.environ
    address = environment.get("FULCRUM_ENGINE_ADDRESS")
    token = environment.get("FULCRUM_ENGINE_TOKEN")
    if not address or not token:
        return _refuse(f"{_BY_HAND} (FULCRUM_ENGINE_ADDRESS or FULCRUM_ENGINE_TOKEN is not set)")
    # Children must not inherit the host's secret.
    del environment["FULCRUM_ENGINE_TOKEN"]
    faulthandler.enable()
    if "OMP_WAIT_POLICY" not in environment:
        # Threads wait for each other by spinning, 300,000 turns unless told otherwise, and nobody
        # else can work in them. Read when torch is imported.
        environment.setdefault("GOMP_SPINCOUNT", "3000")
    # An interrupt at the terminal reaches all processes; the host decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        from fulcrum.addresses import remove_socket

        from .channel import Calls, connect
    except ModuleNotFoundError as error:
        return _refuse(_missing(error))
    try:
        place = Place.of_environment()
    except ValueError as error:
        return _refuse(f"the launcher's rank or number of ranks is no number: {error}")
    from .lifeline import Lifeline

    try:
        lifeline = Lifeline(connect(address, token, "lifeline", place), address)
    except (OSError, ValueError) as error:
        remove_socket(address)
        return _refuse(f"no host at FULCRUM_ENGINE_ADDRESS ({address}): {error}")
    serve = _import_service(lifeline, place)
    if serve is None:
        return 1
    try:
        calls = Calls(connect(address, token, "calls", place)) if place.rank == 0 else None
    except OSError as error:
        return _refuse(f"the host at {address} is gone: {error}")
    return int(serve(place, calls, lifeline))


def _import_service(lifeline: Lifeline, place: Place):  # type: ignore[no-untyped-def]
    """The service's function, or None if packages are missing: the host was told which."""
    try:
        from .service import serve
    except ImportError as error:
        from .failures import error_header

        message = _missing(error)
        print(f"fulcrum_engine: {message}", file=sys.stderr)
        header = {**error_header(error), "message": message, "rank": place.rank}
        lifeline.fail({**header, "code": "not-found"})
        return None
    return serve


def _missing(error: ImportError) -> str:
    name = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or not name:
        return f"{sys.executable} can't import what the engine needs: {error}"
    if name == "fulcrum":
        return "the package fulcrum is not in PYTHONPATH; Fulcrum puts it there when it starts this"
    return (
        f"{sys.executable} has no package '{name}'; install what the engine needs with "
        f"`{sys.executable} -m pip install torch transformers safetensors numpy`, or name another "
        "interpreter in the plugin's parameter 'python'"
    )


def _refuse(message: str) -> int:
    print(f"fulcrum_engine: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # At once: libraries' threads and a device's clean-up can hold up an ordinary exit for seconds.
    os._exit(status)
