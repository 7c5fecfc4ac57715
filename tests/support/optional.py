"""Optional programs: a test without them is skipped, and one line says what to install."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

import pytest

PACKAGES = {
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "sinfo": "slurm-client",
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "munged": "munge",
}
"""Program -> the Debian package that has it."""
BROWSER = ("chromium", "chromedriver")
NEEDS = "needs: "


def lacking(programs: Iterable[str]) -> list[str]:
    """Return the packages of the programs that this machine does not have."""
    return [PACKAGES[name] for name in programs if shutil.which(name) is None]


def skip_for(needs: Iterable[str]) -> None:
    """Skip the running test if anything is missing; `summed_up` reads the reason."""
    if wanted := ", ".join(needs):
        pytest.skip(f"{NEEDS}{wanted}")


def summed_up(reasons: Iterable[str]) -> str:
    """Return one line about all skipped tests, or "" if there are none."""
    told = list(reasons)
    if not told:
        return ""
    words = (word for why in told for word in why.partition(NEEDS)[2].split(", ") if word)
    needs = list(dict.fromkeys(words))
    packages = [name for name in needs if name in PACKAGES.values()]
    others = [name for name in needs if name not in packages]
    install = f"apt-get install {' '.join(packages)}" if packages else ""
    how = "; ".join(filter(None, (install, *others)))
    return f"{len(told)} tests were skipped; to run them: {how or 'see -rs for the reasons'}"
