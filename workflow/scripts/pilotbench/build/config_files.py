"""The config files are read before Snakemake merges them, so that a broken one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pilotbench.build import snakemake_internals as snakemake
from pilotbench.build.one_line_errors import one_line_errors
from pilotbench.matrix.config_files import BASE_FILES, load_file, read

CHECKOUT = Path(__file__).resolve().parents[4]
"""The folder of this workflow: another workflow that imports it runs elsewhere."""


def check(workflow: Any) -> list[Path]:
    """Return the config files of this workflow; end with one line where one cannot be read.

    Where another workflow imports this one by `module`, they are the files which that one has read.
    """
    imported = snakemake.is_imported(workflow)
    files = snakemake.config_files(workflow) if imported else [Path(file) for file in BASE_FILES]
    with one_line_errors():
        for file in files:
            load_file(file)
    return files


def complete(workflow: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Return the whole config of this workflow.

    A workflow that imports this one by `module` needs only the keys whose values differ from this
    workflow's own config files, which Snakemake does not read then.
    """
    if not snakemake.is_imported(workflow):
        return config
    with one_line_errors():
        return read((), config, CHECKOUT)
