"""The rules of the house that a reader would otherwise have to trust."""

import re
import subprocess
import token
import tokenize
from pathlib import Path

import pytest

LIBRARY = Path("workflow/scripts/pilotbench")
TRACKED = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False).stdout


def test_the_library_does_not_know_the_build_tool() -> None:
    """Only `build/` names it."""
    for file in LIBRARY.rglob("*.py"):
        if file.is_relative_to(LIBRARY / "build"):
            continue
        with file.open("rb") as lines:
            words = {t.string for t in tokenize.tokenize(lines.readline) if t.type == token.NAME}
        assert not {word for word in words if "snakemake" in word}, file


def test_the_snakefile_is_a_table_of_contents() -> None:
    lines = Path("Snakefile").read_text().splitlines()
    assert len(lines) <= 60
    assert not [line for line in lines if re.match(r"\s*(def|if|for) ", line)]


@pytest.mark.parametrize("file", sorted(Path("workflow/rules").glob("*.smk")), ids=str)
def test_a_rule_file_opens_with_its_contract_and_never_uses_run(file: Path) -> None:
    text = file.read_text()
    assert re.match(r'""".*?\nINPUT: .*?\nOUTPUT: .*?"""', text, re.S)
    assert not re.search(r"^\s+run:", text, re.M)


@pytest.mark.parametrize("file", sorted(Path("workflow/scripts").glob("*.py")), ids=str)
def test_a_script_is_a_thin_adapter(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 30


@pytest.mark.parametrize("file", sorted(Path("workflow/rules").glob("*.smk")), ids=str)
def test_every_script_that_a_rule_names_is_there(file: Path) -> None:
    for script in re.findall(r'"\.\./(scripts/\w+\.py)"', file.read_text()):
        assert Path("workflow", script).exists()


def test_no_secret_no_result_and_no_machine_path_is_tracked() -> None:
    names = TRACKED.splitlines()
    assert not [name for name in names if name.startswith(("results/", "journal/", "resources/"))]
    assert ".env" not in names
    for name in names:
        path = Path(name)  # a link to results is a folder once something has run
        text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
        assert not re.search(r"\bsk-[A-Za-z0-9]{20,}", text), name
        assert not re.search(r"/(root|home)/\w+/", text), name
