#!/usr/bin/env python3
"""Keeps the house's floors: what each target may import, and that the code keeps to it.

    swift package dump-package | python3 Tests/check-layers.py

Prints what breaks a rule; exit status 1 if anything does. The rules:
- a target of Sources depends only on the targets that LAYERS gives it, and on packages of PACKAGES;
- a plugin depends on the kernel and on parts, never on a target of the host;
- a file imports only what its target depends on, and a target depends on nothing it doesn't import;
- no file of Sources names a shipped plugin.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

KERNEL = {"FulcrumKernel"}

# From the lowest floor to the highest: a target may import those that it names, all above it here.
LAYERS: dict[str, set[str]] = {
    "JSON": set(),
    "ProcessSpawn": set(),
    "ProcessCalls": set(),
    "Stages": {"ProcessCalls"},
    "Files": {"ProcessCalls", "ProcessSpawn"},
    "Digests": {"Files"},
    "Wire": {"Files", "JSON"},
    "YAML": set(),
    "Training": {"Stages"},
    "Settings": {"Training", "YAML"},
    "PluginHost": {"Digests", "Files", "Stages"},
    "ForeignPlugins": {"Digests", "Files", "PluginHost", "YAML"},
    "PythonPlugins": {"Digests", "Files", "JSON", "PluginHost", "Wire"},
    "PluginChecks": {"Files", "JSON", "PluginHost", "Stages"},
    "TensorBoardEvents": set(),
    "Planning": {"JSON", "YAML"},
    "Runs": {
        "Digests", "Files", "JSON", "Planning", "PluginHost", "Settings", "Stages", "TensorBoardEvents",
        "Training", "Wire", "YAML",
    },
    "Charts": set(),
    "Microscope": {"Files", "JSON", "PluginHost", "Runs", "Settings", "Training", "YAML"},
    "MethodCurves": {"Charts", "Files", "JSON", "PluginChecks", "PluginHost", "Training"},
    "Report": {
        "Charts", "Files", "JSON", "Microscope", "PluginHost", "Runs", "Settings", "Training", "YAML",
    },
    "fulcrum": {
        "Charts", "Files", "ForeignPlugins", "JSON", "MethodCurves", "Microscope", "Planning",
        "PluginChecks", "PluginHost", "PythonPlugins", "Report", "Runs", "Settings", "Stages", "Training", "YAML",
    },
}  # fmt: skip
# Floors below the kernel's: these don't even know it.
WITHOUT_KERNEL = {"Charts", "ProcessCalls", "ProcessSpawn", "TensorBoardEvents"}
# Libraries of others and C modules, by the targets that may use them.
PACKAGES: dict[str, set[str]] = {
    "Digests": {"Crypto"},
    "ForeignPlugins": {"CFFI"},
    "Microscope": {"Yams"},
    "PluginHost": set(),
    "Runs": {"SwiftProtobuf", "Yams"},
    "Settings": {"Yams"},
    "TensorBoardEvents": {"SwiftProtobuf"},
    "YAML": {"Yams"},
    "fulcrum": {"ArgumentParser", "PluginTesting"},
}
# What a plugin's targets may use beside each other: parts that know nothing of a host.
PLUGIN_PARTS = {"Files", "JSON", "Wire"}
SYSTEM = {"Foundation", "FoundationEssentials", "Glibc", "Musl", "Synchronization", "Dispatch", "Testing"}


def dependencies(target: dict) -> set[str]:
    """The names of what a target of the dumped package depends on."""
    names = set()
    for dependency in target["dependencies"]:
        kind, value = next(iter(dependency.items()))
        names.add(value[0] if kind in ("byName", "product", "target") else str(value))
    return names


def imports(folder: Path) -> dict[str, set[Path]]:
    """The modules that the Swift files of a folder import, each with the files."""
    found: dict[str, set[Path]] = {}
    pattern = re.compile(
        r"^(?:@\w+(?:\([^)]*\))? +)*(?:(?:public|package|internal|fileprivate|private) +)?"
        r"import +(?:(?:struct|class|enum|protocol|func|var|let|typealias) +)?(\w+)",
        re.MULTILINE,
    )
    for file in folder.rglob("*.swift"):
        for module in pattern.findall(file.read_text(encoding="utf-8")):
            found.setdefault(module, set()).add(file)
    return found


def main() -> int:
    package = json.load(sys.stdin)
    root = Path(__file__).resolve().parent.parent
    targets = {target["name"]: target for target in package["targets"]}
    plugins = {
        name
        for name, target in targets.items()
        if target["type"] == "regular" and (target.get("path") or "").startswith("Plugins/")
    }
    faults: list[str] = []

    for name, target in targets.items():
        if target["type"] not in ("regular", "executable"):
            continue
        path = target.get("path") or f"Sources/{name}"
        if path.startswith("Tests/"):
            continue
        needs = dependencies(target)
        if name in plugins:
            allowed = KERNEL | {"FulcrumStamp", "COpenBLAS"} | plugins | PLUGIN_PARTS
        elif name in LAYERS:
            allowed = LAYERS[name] | PACKAGES.get(name, set())
            allowed |= set() if name in WITHOUT_KERNEL else KERNEL
        else:
            faults.append(f"{name}: no rule says what it may import; give it a floor in LAYERS")
            continue
        for need in sorted(needs - allowed):
            faults.append(f"{name} may not depend on {need}")
        used = imports(root / path)
        for module in sorted(set(used) - SYSTEM - needs - {name}):
            files = ", ".join(sorted(str(file.relative_to(root)) for file in used[module]))
            faults.append(f"{name} imports {module} and does not depend on it: {files}")
        # A stamp, C code and a library's plugin are linked, not imported.
        for need in sorted(needs - set(used) - {"FulcrumStamp", "COpenBLAS"}):
            if any((root / path).rglob("*.swift")):
                faults.append(f"{name} depends on {need} and imports it nowhere")

    order = list(LAYERS)
    for name, below in LAYERS.items():
        for other in below:
            if order.index(other) >= order.index(name):
                faults.append(f"LAYERS: {name} names {other}, which does not stand above it")

    names = [
        product["name"].removeprefix("fulcrum-")
        for product in package["products"]
        if product["name"].startswith("fulcrum-")
    ]
    if not names:
        faults.append("the package has no plugins")
    for name in names:
        # A name of two words can only be the plugin's; a plain word is one where it is quoted.
        patterns = (
            ["-w", "-e", name]
            if "-" in name
            else ["-e", f'"{name}"', "-e", f"'{name}'", "-e", f"use: {name}"]
        )
        found = subprocess.run(
            ["git", "grep", "-nIiF", *patterns, "--", "Sources", ":!Sources/Kernel/Interface"],
            cwd=root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if found.stdout:
            faults.append(f"Sources names the plugin '{name}':\n{found.stdout.rstrip()}")

    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
