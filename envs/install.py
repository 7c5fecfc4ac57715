"""Install the pinned packages into .venv: with uv where it is on PATH, else with pip.

    python3 envs/install.py environment        create .venv for all targets of make
    python3 envs/install.py extras litellm,s3  add extras of the package
    python3 envs/install.py plugins            the plugins of Snakemake, for the tests

Both install the same versions, those of envs/constraints.txt. What they print is shown only where
they fail; if uv fails (it does not read pip's configuration), pip is used.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence

Command = list[str]
PYTHON = ".venv/bin/python"
PINNED = ["--constraint", "envs/constraints.txt"]
BFCL = ["bfcl-eval==2026.3.23", "mpmath==1.3.0"]  # docs/bfcl.md
PLUGINS = ["--target", ".venv/plugins", "--requirement", "envs/plugins.txt"]
PIP = [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-warn-conflicts"]


def main(words: Sequence[str]) -> int:
    """Install what `words` name and return the exit code of the last command."""
    uv = shutil.which("uv")
    if uv is not None:
        code = run(commands(words, uv))
        if code == 0:
            return 0
        print("uv has failed; trying pip", file=sys.stderr)
    return run(commands(words))


def commands(words: Sequence[str], uv: str | None = None) -> list[Command]:
    """Return the commands for `environment`, `extras NAMES` or `plugins`, by uv or by pip."""
    install = [uv, "pip", "install", "--quiet", "--python", PYTHON] if uv else PIP
    if words[0] == "plugins":
        return [[*install, *PINNED, "--no-deps", "--upgrade", *PLUGINS]]
    if words[0] == "extras":
        return [[*install, *PINNED, "--editable", f".[{words[1]}]"]]
    if words[0] != "environment":
        raise SystemExit(f"error: {words[0]}: must be environment, extras or plugins")
    create = [uv, "venv", "--quiet", "--clear", "--python", sys.executable] if uv else [
        sys.executable, "-m", "venv", "--clear",
    ]  # fmt: skip
    return [
        [*create, ".venv"],
        [*install, *PINNED, "--editable", ".[dev]"],
        [*install, "--no-deps", *BFCL],
    ]


def run(steps: Sequence[Command]) -> int:
    """Run commands until one fails, whose output is shown; return its exit code, else 0."""
    for step in steps:
        done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            sys.stderr.buffer.write(done.stdout)
            sys.stderr.flush()
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
