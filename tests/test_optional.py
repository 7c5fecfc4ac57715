"""What is skipped on a machine without the optional programs is summed up in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.optional import BROWSER, lacking, skip_for, summed_up

pytest_plugins = ("pytester",)


@pytest.mark.parametrize(
    ("there", "packages"),
    [
        ((), ["chromium", "chromium-driver"]),
        (("chromium",), ["chromium-driver"]),
        (("chromedriver",), ["chromium"]),
        (("chromium", "chromedriver"), []),
    ],
    ids=str,
)
def test_the_packages_of_the_programs_that_are_missing_are_named(
    monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], packages: list[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name if name in there else None)
    assert lacking(BROWSER) == packages
    if packages:
        with pytest.raises(pytest.skip.Exception, match=f"^needs: {', '.join(packages)}$"):
            skip_for(packages)
    else:
        skip_for(packages)


@pytest.mark.parametrize(
    ("reasons", "line"),
    [
        ([], ""),
        (
            ["Skipped: needs: munge, slurmd", "Skipped: needs: chromium", "needs: slurmd"],
            "3 tests were skipped; to run them: apt-get install munge slurmd chromium",
        ),
        (
            ["needs: a Slurm that is running", "needs: chromium"],
            "2 tests were skipped; to run them: apt-get install chromium; a Slurm that is running",
        ),
        (["another"], "1 tests were skipped; to run them: see -rs for the reasons"),
    ],
    ids=["none", "packages", "both", "others"],
)
def test_one_line_says_what_to_install(reasons: list[str], line: str) -> None:
    assert summed_up(reasons) == line


def test_the_reason_is_read_from_the_report_of_a_skipped_test(pytester: pytest.Pytester) -> None:
    root = Path(__file__).parent
    conftest = (root / "conftest.py").read_text().replace("from pilotbench", "# from pilotbench")
    pytester.makeconftest(conftest)
    pytester.makepyfile(
        "from support.optional import skip_for\n"
        "def test_one():\n    skip_for(['munge', 'slurmd'])\n"
    )
    pytester.syspathinsert(root)
    done = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:xdist")
    done.stdout.fnmatch_lines(["1 tests were skipped; to run them: apt-get install munge slurmd"])
