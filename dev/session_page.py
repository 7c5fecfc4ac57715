"""Record the terminal session of docs/session.md again: `python -m dev.session_page`.

The page is its own script. Each of its code blocks consists of commands (lines that begin with
`$ `) and their output. All commands are typed into one Bash in tmux, in the order of the page and
in an empty folder, and the output on the page is replaced by what the terminal then shows. The
clone is made from `--branch` (default: main), so commit first what the recording should contain.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "session.md"
PROMPT = "$ "
WIDTH = 160
LONGEST_S = 1800
"""How long one command may take, in seconds."""
BLOCK = re.compile(r"^```\n(\$ .*?)^```\n", re.MULTILINE | re.DOTALL)
OMITTED = re.compile(
    r"(WARNING: |python3 -m venv |\.venv/bin/python -m pip |touch |"
    r"SNAKEMAKE$|=+$|  (Date|Workflow ID|Platform|Host|User|Python version|Config MD5): |"
    r"  (Snakemake version|Command|Snakefile|[A-Z][a-z]+ directory|Config file\(s\)): |"
    r"Using workflow specific profile |Using shell: |Conda environments: |Config file |"
    r"Assuming unrestricted |Provided |Rules claiming |Select jobs |Execute \d|Complete log)"
)
"""Lines of pip, make and Snakemake that describe the machine: they become one line `…`."""


class Terminal:
    """A Bash in tmux whose whole output can be read."""

    def __init__(self, socket: Path, folder: Path, environment: Mapping[str, str]) -> None:
        self.tmux = ["tmux", "-f", "/dev/null", "-S", str(socket)]
        self.environment = environment
        size = ["-x", str(WIDTH), "-y", "50", "-c", str(folder)]
        history = ["set-option", "-g", "history-limit", "100000", ";"]
        settings = folder.with_name("bashrc")  # Bash does not take PS1 from root's environment
        settings.write_text(
            f"PS1='{PROMPT}'\nPROMPT_COMMAND='tmux -S {socket} wait-for -S prompt'\n"
        )
        self._tmux(*history, "new-session", "-d", *size, f"bash --rcfile {settings} -i")
        self._answered()

    def type(self, command: str) -> list[str]:
        """Run a command and return the lines that it printed until the next prompt."""
        self._tmux("send-keys", "-l", command)
        self._tmux("send-keys", "Enter")
        self._answered()
        lines = self._tmux("capture-pane", "-p", "-J", "-S", "-").rstrip().splitlines()
        lines = [line.rstrip() for line in lines]
        start = max(n for n, line in enumerate(lines) if line == PROMPT + command)
        return lines[start + 1 : -1]

    def close(self) -> None:
        """End the session and every process in it."""
        self._tmux("kill-server")

    def _answered(self) -> None:
        """Wait until Bash is about to print its next prompt, and has printed it."""
        self._tmux("wait-for", "prompt")
        while not self._tmux("capture-pane", "-p").rstrip().endswith("$"):
            pass

    def _tmux(self, *words: str) -> str:
        run = subprocess.run(
            [*self.tmux, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=LONGEST_S,
        )
        return run.stdout


@contextmanager
def terminal() -> Iterator[Terminal]:
    """Start a terminal in an empty folder, with limits of its own and no key."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        socket = folder / "tmux"
        work = folder / "session"
        work.mkdir()
        environment = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
        environment |= {name: value for name, value in os.environ.items() if "PIP_" in name}
        environment |= {
            "LANG": "C.UTF-8",
            "VIRTUAL_ENV_DISABLE_PROMPT": "1",
            "XDG_STATE_HOME": str(folder / "state"),
        }
        shell = Terminal(socket, work, environment)
        try:
            yield shell
        finally:
            shell.close()


def recorded(page: str, shell: Terminal, repository: Path) -> str:
    """Return the page with the output of its commands now; `…` in a command is the repository."""
    return BLOCK.sub(lambda block: f"```\n{_typed(block[1], shell, repository)}```\n", page)


def _typed(block: str, shell: Terminal, repository: Path) -> str:
    lines: list[str] = []
    for line in block.splitlines():
        if line.startswith(PROMPT):
            print(line, file=sys.stderr, flush=True)
            command = line.removeprefix(PROMPT).replace("…", str(repository))
            lines += [line, *shown(shell.type(command))]
    return "".join(f"{line}\n" for line in lines)


def shown(lines: list[str]) -> list[str]:
    """Return the lines as the page shows them: one `…` for what describes the machine."""
    host = os.uname().nodename
    kept: list[str] = []
    for line in lines:
        if OMITTED.match(line):
            while kept[-1:] in (["…"], [""]):
                kept.pop()
            kept.append("…")
        elif line or kept[-1:] != ["…"]:
            kept.append(line.replace(host, "host"))
    return kept


def main(branch: str) -> None:
    """Record the page."""
    if shutil.which("tmux") is None:
        sys.exit("error: tmux is not installed; on Debian: apt-get install tmux")
    with tempfile.TemporaryDirectory() as folder, terminal() as shell:
        git = ["git", "clone", "--quiet", "--bare", "--branch", branch, str(ROOT), folder]
        subprocess.run(git, check=True)
        text = recorded(PAGE.read_text(encoding="utf-8"), shell, Path(folder))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branch", default="main", help="the branch that is cloned")
    main(parser.parse_args().branch)
