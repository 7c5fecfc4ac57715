"""The command line of a build: the user's words, and what Snakemake needs to find the workflow."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from pilotbench.ground import shipped

SNAKEFILES = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
"""Where Snakemake looks for the workflow of a folder."""
PROFILE = Path("profiles/default")
QUICK = Path("config/experiments/quick.yaml")
OURS = re.compile(r"pilot-?bench", re.IGNORECASE)
CONFIG_OPTIONS = ("--configfile", "--configfiles")
LOCATED = (*CONFIG_OPTIONS, "--profile", "--workflow-profile")
"""Options whose files may be shipped ones."""


def command_line(words: Sequence[str]) -> list[str]:
    """Return the command of a build in the working folder, with the user's words.

    The folder's own Snakefile and workflow profile are used where there are any; a Snakefile that
    does not name this package belongs to another workflow. Files that options name may be shipped
    ones. A script in the folder, such as `yaml.py`, hides no module (-P). The target `quick`
    selects its config file, unless one is given.
    """
    options = [word.partition("=")[0] for word in words]
    added: list[str] = []
    if not {"-s", "--snakefile"} & {*options}:
        own = [file for file in map(Path, SNAKEFILES) if file.is_file()]
        if not (own and OURS.search(own[0].read_text(encoding="utf-8", errors="replace"))):
            added.append(f"--snakefile={shipped.SNAKEFILE}")
    if "--workflow-profile" not in options and not PROFILE.exists():
        added.append(f"--workflow-profile={shipped.ROOT / PROFILE}")
    if "quick" in words and not {*CONFIG_OPTIONS} & {*options}:
        added.append(f"--configfile={shipped.located(QUICK)}")
    return [sys.executable, "-P", "-m", "snakemake", *added, *_located(words)]


def _located(words: Sequence[str]) -> list[str]:
    """Return the words, with the shipped file where a named file is not in the working folder."""
    found: list[str] = []
    option = ""
    for word in words:
        name, sign, value = word.partition("=")
        if word.startswith("-"):
            option = "" if sign else name
            is_located = bool(sign) and name in LOCATED
            found.append(f"{name}={shipped.located(Path(value))}" if is_located else word)
            continue
        found.append(str(shipped.located(Path(word))) if option in LOCATED else word)
        if option not in CONFIG_OPTIONS:  # which take several files
            option = ""
    return found
