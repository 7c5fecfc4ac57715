"""The files that come with the library: Snakefile, rules, config, prompts and question packs.

In a checkout they are its own top-level folders. A wheel carries them inside the package, in the
same arrangement (`setup.py` puts them there).
"""

from __future__ import annotations

from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1]
_PACKAGED = LIBRARY / "shipped"
IN_CHECKOUT = not _PACKAGED.is_dir()
ROOT = LIBRARY.parents[2] if IN_CHECKOUT else _PACKAGED
"""The folder of Snakefile, workflow, config and profiles."""
SNAKEFILE = str(ROOT / "Snakefile")
"""What the Snakefile of a project includes."""
COMMAND = "python -m pilotbench" if IN_CHECKOUT else "pilotbench"
"""How messages write a command."""
BUILD = "snakemake" if IN_CHECKOUT else "pilotbench run"
"""How messages write a build."""


def located(path: Path) -> Path:
    """Return a path of the working folder; the shipped file of that name where it has none."""
    shipped = ROOT / path
    return shipped if not path.exists() and shipped.exists() else path


def with_shipped(folders: tuple[Path, ...], name: str) -> tuple[Path, ...]:
    """Return folders and, last, the shipped folder `name`, unless it is one of them."""
    shipped = ROOT / name
    if any(folder.resolve() == shipped for folder in folders):
        return folders
    return (*folders, shipped)


def how_to_install(extra: str) -> str:
    """Return the command that installs an extra of the package."""
    if IN_CHECKOUT:
        return f"pip install --constraint envs/constraints.txt --editable '.[{extra}]'"
    return f"pip install 'pilotbench[{extra}]'"
