"""The structure of the library, measured from its imports, those inside functions included.

`python -m dev.structure` prints how many units there are (folders that hold modules), how many
layers they need, and the top-level folders alone, how many dependencies are between them, and every
cycle. With `--json` the same as JSON. A top-level folder may import only the folders that stand
before it in `ORDER`.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

LIBRARY = Path(__file__).resolve().parents[1] / "workflow" / "scripts"
PACKAGE = "pilotbench"
ORDER = (
    "ground",
    "benchmark",
    "providers",
    "matrix",
    "asking",
    "gateway",
    "episodes",
    "results",
    "estimation",
    "build",
    "simulator",
    "commands",
)
"""The top-level folders; each imports only those before it. `__main__` imports commands alone."""


@dataclass(frozen=True)
class Import:
    """One module (by dotted name) imports another."""

    importer: str
    imported: str

    @property
    def units(self) -> tuple[str, str]:
        """The units of both."""
        return unit_of(self.importer), unit_of(self.imported)


@dataclass(frozen=True)
class Structure:
    """What the imports of a library say: `edges` are dependencies between different units."""

    units: tuple[str, ...]
    edges: frozenset[tuple[str, str]]
    upward: tuple[Import, ...]

    @property
    def cycles(self) -> list[tuple[str, ...]]:
        """Groups of units that depend on each other in a circle."""
        place = {unit: n for n, unit in enumerate(self.units)}
        rows, columns = zip(*((place[a], place[b]) for a, b in self.edges), strict=True)
        size = len(self.units)
        graph = csr_matrix(([1] * len(rows), (rows, columns)), shape=(size, size))
        _, labels = connected_components(graph, directed=True, connection="strong")
        groups = [tuple(u for u in self.units if labels[place[u]] == n) for n in set(labels)]
        return sorted(group for group in groups if len(group) > 1)

    @property
    def layers(self) -> int | None:
        """The longest chain of units that import one another; None where there is a cycle."""
        return None if self.cycles else _longest_chain(self.units, self.edges)

    @property
    def folder_layers(self) -> int | None:
        """The longest chain of top-level folders; None where one of them imports upwards."""
        if self.upward:
            return None
        between = {(a.partition(".")[0], b.partition(".")[0]) for a, b in self.edges}
        return _longest_chain(ORDER, {(a, b) for a, b in between if a != b and a != ""})


def _longest_chain(nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> int:
    needs: dict[str, set[str]] = {node: set() for node in nodes}
    for importer, imported in edges:
        needs[importer].add(imported)
    depth: dict[str, int] = {}
    for node in TopologicalSorter(needs).static_order():
        depth[node] = 1 + max((depth[other] for other in needs[node]), default=0)
    return max(depth.values())


def modules(library: Path = LIBRARY) -> dict[str, Path]:
    """Return the file of each module by its dotted name; a package goes by its `__init__`."""
    found = {}
    for path in sorted((library / PACKAGE).rglob("*.py")):
        parts = path.relative_to(library).with_suffix("").parts
        found[".".join(parts)] = path
    return found


def unit_of(module: str) -> str:
    """Return the folder of a module, without the package; the package's own modules are `.`."""
    return module.rpartition(".")[0].partition(".")[2] or "."


def imports(known: Mapping[str, Path]) -> Iterator[Import]:
    """Yield every import of one known module by another, anywhere in the file."""
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                wanted = [f"{node.module}.{alias.name}" for alias in node.names]
                wanted = [one if _module(one, known) else node.module for one in wanted]
            elif isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            else:
                continue
            for one in wanted:
                found = _module(one, known)
                if found is not None and found != name:
                    yield Import(name, found)


def _module(name: str, known: Mapping[str, Path]) -> str | None:
    if name in known:
        return name
    package = f"{name}.__init__"
    return package if package in known else None


def measure(library: Path = LIBRARY) -> Structure:
    """Return the structure of the library in a folder."""
    known = modules(library)
    found = set(imports(known))
    edges = {one.units for one in found if one.units[0] != one.units[1]}
    upward = [one for one in found if _goes_up(*one.units)]
    units = sorted({unit_of(name) for name in known})
    return Structure(
        tuple(units),
        frozenset((a, b) for a, b in edges if b != "."),
        tuple(sorted(upward, key=lambda one: (one.importer, one.imported))),
    )


def _goes_up(importer: str, imported: str) -> bool:
    a, b = importer.partition(".")[0], imported.partition(".")[0]
    if "" in (a, b):  # the package itself: its version, its command line
        return False
    return ORDER.index(b) > ORDER.index(a)


def main(words: list[str] | None = None) -> int:
    """Print the structure; return 1 where a folder imports upwards or there is a cycle."""
    parser = argparse.ArgumentParser(prog="python -m dev.structure", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--library", type=Path, default=LIBRARY, help="the folder to measure")
    args = parser.parse_args(words)
    found = measure(args.library)
    lines = sum(len(path.read_text().splitlines()) for path in modules(args.library).values())
    figures = {
        "units": len(found.units),
        "layers": found.layers,
        "layers of top-level folders": found.folder_layers,
        "dependencies": len(found.edges),
        "cycles": found.cycles,
        "upward": [f"{one.importer} -> {one.imported}" for one in found.upward],
        "lines": lines,
    }
    if args.json:
        print(json.dumps(figures, indent=2))
    else:
        print("\n".join(f"{name}: {value}" for name, value in figures.items()))
    return int(bool(found.cycles or found.upward))


if __name__ == "__main__":
    sys.exit(main())
