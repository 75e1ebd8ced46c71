"""What the host is told of an exception."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

from .component import Component
from .configuration import configuration_name
from .errors import Fault, Refusal

_PACKAGE = str(Path(__file__).parent)
# A message is a sentence, not a dump.
_MOST = 2000
# Packages whose names for pip differ from those for Python.
_PIP_NAMES = {"yaml": "PyYAML", "sklearn": "scikit-learn", "cv2": "opencv-python", "PIL": "pillow"}


def error_header(error: BaseException, file: Path, component: Component | None) -> dict[str, Any]:
    """The header of an error frame: message, code, and hint, at and where if there are any."""
    at = hint = None
    code = "plugin-fault"
    if isinstance(error, Refusal):
        message, hint = error.message, error.hint
        at = configuration_name(str(error.parameter)) if error.parameter else None
        code = "parameter" if at else "data"
    elif isinstance(error, Fault):
        message, hint, code = error.message, error.hint, error.code
    elif package := _missing_package(error):
        message = f"{sys.executable} has no usable package '{package}': {error}"
        hint = f"{sys.executable} -m pip install {_PIP_NAMES.get(package, package)}"
        code = "not-found"
    elif isinstance(error, SystemExit):
        message = f"it called sys.exit({'' if error.code is None else repr(error.code)})"
    else:
        name, text = type(error).__name__, _text(error)
        message = f"{name}: {text}" if text else name
        if isinstance(error, ValueError) and "read-only" in text:
            hint = "what a function is given is read-only: make a new array"
    header = {"message": _clean(message), "code": code}
    where = raised_at(error, file) or (
        _defined_at(component) if isinstance(error, Fault) and component else None
    )
    for key, value in (("hint", hint), ("at", at), ("where", where)):
        if value:
            header[key] = _clean(value)
    return header


def show(error: BaseException) -> None:
    """Prints an exception's traceback without the frames above the plugin's, for the run's log."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename.startswith((_PACKAGE, "<frozen")):
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def raised_at(error: BaseException, file: Path) -> str | None:
    """`damp.py:12 in damp`: the last frame in the plugin's file; None if there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == str(file):
            place = f"{file.name}:{frame.lineno}"
            return place if frame.name == "<module>" else f"{place} in {frame.name}"
    return None


def _defined_at(component: Component) -> str | None:
    code = getattr(component.function, "__code__", None)
    return (
        f"{Path(code.co_filename).name}:{code.co_firstlineno} in {code.co_name}" if code else None
    )


def _missing_package(error: BaseException) -> str | None:
    """The package that an import did not find, or found broken."""
    if not isinstance(error, ImportError):
        return None
    package = (error.name or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and package and package == error.name:
        return package
    frames = traceback.extract_tb(error.__traceback__)
    is_numpy = any(Path(frame.filename).parent.name == "numpy" for frame in frames)
    return "numpy" if is_numpy and "numpy" not in sys.modules else None


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _clean(text: Any) -> str:
    return str(text)[:_MOST].encode("utf-8", "replace").decode()
