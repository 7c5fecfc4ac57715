"""Write a project: a folder with a config, a prompt and a question pack of its own.

    pilotbench new demo && cd demo && pilotbench run -n

The folder may exist; no file is replaced. `pilotbench run` and `snakemake` work in it at once.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pilotbench.ground import shipped
from pilotbench.ground.errors import UserError
from pilotbench.matrix import config_files

FILES = Path(__file__).parent / "project_files"
"""The files of a project; `dot_` at the beginning of a name is written as a dot."""
PROFILE = Path("profiles/default/config.yaml")
DISTRIBUTION = "pilotbench"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `new`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the project")


def run(args: argparse.Namespace) -> int:
    """Write the files and print what to do next."""
    texts = project()
    _check(args.folder, texts)
    for name, text in texts.items():
        file = args.folder / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as target:
                target.write(text)
        except OSError as error:
            raise UserError(f"{file} cannot be written: {error.strerror}") from None
    if args.json:
        print(json.dumps({"folder": str(args.folder), "files": [str(name) for name in texts]}))
        return 0
    print(f"written: {args.folder} ({len(texts)} files)")
    print(f"next: cd {shlex.quote(str(args.folder))}")
    print("      pilotbench run -n    # what would run, and what it would cost")
    print("      pilotbench run       # run it; then open results/summary/index.html")
    print("      pilotbench init      # a config for the keys in your environment or .env")
    return 0


def _check(folder: Path, names: Iterable[Path]) -> None:
    """Raise UserError before anything is written where a file or a link is in the way."""
    for name in names:
        file = folder / name
        if os.path.lexists(file):
            raise UserError(f"{file} exists; choose another folder")
        for parent in file.parents:
            if os.path.lexists(parent) and not os.path.isdir(parent):  # noqa: PTH112
                raise UserError(f"{file} cannot be written: {parent} is not a folder")


def project() -> dict[Path, str]:
    """Return the text of each file of a project by its path, sorted."""
    texts = {
        Path(*(_name(part) for part in file.relative_to(FILES).parts)): file.read_text("utf-8")
        for file in FILES.rglob("*")
        if file.is_file()
    }
    texts[PROFILE] = (shipped.ROOT / PROFILE).read_text("utf-8")
    texts[Path("requirements.txt")] = f"{_requirement()}\n"
    texts[Path(".env.example")] = "\n".join(_variables()) + "\n"
    return dict(sorted(texts.items()))


def _name(part: str) -> str:
    return f".{part.removeprefix('dot_')}" if part.startswith("dot_") else part


def _requirement() -> str:
    try:
        return f"{DISTRIBUTION}=={version(DISTRIBUTION)}"
    except PackageNotFoundError:  # the library is used without being installed
        return DISTRIBUTION


def _variables() -> Iterator[str]:
    yield "# Copy this file to .env and fill in the keys that you have. Never commit .env."
    shipped_files = [shipped.ROOT / file for file in config_files.BASE_FILES]
    for name, entry in config_files.read(base=shipped_files)["providers"].items():
        keys = (key.get("env") for key in entry["keys"].values())
        named = [entry.get("endpoint_env"), entry.get("base_url_env"), *keys]
        if found := [variable for variable in named if variable]:
            yield f"\n# {name}"
            yield from (f"{variable}=" for variable in found)
