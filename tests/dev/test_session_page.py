"""The page docs/session.md can be recorded again: its commands are typed, its output replaced."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dev import session_page

PAGE = """# Title

```
$ old=1; echo …
an earlier output
$ echo $old; printf 'Provided cores: 2\\nTouched\\n'
```

```
not a command
```
"""


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_commands_share_a_shell_and_their_output_is_replaced(tmp_path: Path) -> None:
    with session_page.terminal() as shell:
        recorded = session_page.recorded(PAGE, shell, tmp_path)
    assert f"$ old=1; echo …\n{tmp_path}\n$ echo $old; " in recorded
    assert "\n1\n…\nTouched\n```\n" in recorded
    assert recorded.endswith("```\nnot a command\n```\n")


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["a", "b"], ["a", "b"]),
        (["Provided cores: 2", "Select jobs to execute...", "a"], ["…", "a"]),
        (["a", "", "SNAKEMAKE", "=========", "  Date: x", "", "b"], ["a", "…", "b"]),
        (["a", "", "b", "Complete log(s): y"], ["a", "", "b", "…"]),
        ([f"made on {os.uname().nodename} today"], ["made on host today"]),
    ],
)
def test_lines_that_describe_the_machine_are_omitted(lines: list[str], shown: list[str]) -> None:
    assert session_page.shown(lines) == shown


def test_the_page_has_commands_in_every_recorded_block() -> None:
    page = session_page.PAGE.read_text(encoding="utf-8")
    assert len(session_page.BLOCK.findall(page)) == page.count("\n```\n") // 2
