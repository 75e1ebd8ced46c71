"""Writes the file that `fulcrum plan --machine` reads."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import torch
from machine_links import Link, Links

# The rate of what took no time that could be seen.
_BEYOND = 1e30
# Of a ring that nobody measured: as slow as a usual network card, so that a plan doesn't flatter.
_UNMEASURED = Link(1e9, 5e-5)
_GIB = 1 << 30


@dataclass
class Coefficients:
    """Of one precision, by the names of `machine_costs`: seconds, or seconds a unit.

    Attributes:
        peak: operations a second of square matrix products.
        errors: how far each fit is off, in the median.
    """

    peak: float
    scoring: Mapping[str, float]
    training: Mapping[str, float]
    sampling: Mapping[str, float]
    optimizer: Mapping[str, float]
    errors: Mapping[str, float]


def write_machine(
    path: Path,
    name: str,
    device: str,
    cores: int,
    found: Mapping[str, Coefficients],
    shares: tuple[float, float],
    links: Links,
) -> None:
    """Writes the coefficients; those that don't depend on the precision are the last one's.

    Args:
        found: by precision, f32 among them.
        shares: of a core's rate, by `measure_machine.measure_shares`.
    """
    last = list(found.values())[-1]
    within = links.within or _UNMEASURED
    between = links.between or links.within or _UNMEASURED
    errors = ", ".join(f"{part} {100 * share:.0f} %" for part, share in last.errors.items())
    lines = [
        f"# Measured {datetime.now(timezone.utc):%Y-%m-%d} with torch {metadata.version('torch')}.",
        f"# In the median the fits are off by: {errors}.",
    ]
    if links.within is None:
        lines.append("# 'within' was not measured: there was one rank.")
    if links.between is None:
        lines.append("# 'between' was not measured: there was one node.")
    lines += [
        f'name: "{name or _name(device, cores)}"',
        "source: measured",
        f"device: {'gpu' if device == 'cuda' else 'cpu'}",
        f"memory-gib: {_memory(device) / _GIB:.1f}",
        f"cores: {cores}",
        f"thread-share: {shares[0]:.3f}",
        f"rank-share: {shares[1]:.3f}",
        f"overlap: {0.8 if device == 'cuda' else 0}",
        f"transfer: {within.bandwidth:.4g}",
        "peak: {"
        + ", ".join(f"{precision}: {one.peak:.4g}" for precision, one in found.items())
        + "}",
    ]
    for section in ("scoring", "training", "sampling"):
        lines.append(f"{section}:")
        lines += _section(section, found)
    optimizer = last.optimizer
    lines += [
        f"optimizer: {{step: {optimizer['step']:.4g}, bytes: {_rate(optimizer['bytes'])}}}",
        f"within: {{bandwidth: {within.bandwidth:.4g}, latency: {within.latency:.4g}}}",
        f"between: {{bandwidth: {between.bandwidth:.4g}, latency: {between.latency:.4g}}}",
    ]
    path.write_text("\n".join(lines) + "\n")


def _section(section: str, found: Mapping[str, Coefficients]) -> list[str]:
    lines = []
    last: Mapping[str, float] = getattr(list(found.values())[-1], section)
    for key, value in last.items():
        if key in ("pass", "step", "layer"):
            lines.append(f"  {key}: {value:.4g}")
        elif key in ("products", "attention"):
            for precision, one in found.items():
                lines.append(f"  {key}-{precision}: {_rate(getattr(one, section)[key])}")
        elif key == "layout":
            lines.append(f"  layout: {_rate(value) if value > 0 else 0}")
        elif key != "gradients" or section == "training":
            lines.append(f"  {key}: {_rate(value)}")
    return lines


def _rate(seconds: float) -> str:
    return f"{1 / seconds if seconds > 1 / _BEYOND else _BEYOND:.4g}"


def _name(device: str, cores: int) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{cores} cores of {model}"


def _memory(device: str) -> float:
    if device == "cuda":
        return float(torch.cuda.get_device_properties(0).total_memory)
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
