"""The config files are read before Snakemake merges them, so that a broken one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pilotbench.build import snakemake_internals as snakemake
from pilotbench.build.one_line_errors import one_line_errors
from pilotbench.ground import shipped
from pilotbench.matrix.config_files import BASE_FILES, base_files, load_file, read


def load(workflow: Any) -> list[Path]:
    """Read the config files of this workflow, and return them.

    They are the shipped ones and those of the working folder; where another workflow imports this
    one by `module`, the files which that one has read. Ends with one line where one is broken.
    """
    imported = snakemake.is_imported(workflow)
    files = snakemake.config_files(workflow) if imported else base_files()
    with one_line_errors():
        for file in files:
            load_file(file)
    if not imported:
        for file in files:
            snakemake.read_config_file(workflow, file)
    return files


def complete(workflow: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Return the whole config of this workflow.

    A workflow that imports this one by `module` needs only the keys whose values differ from this
    workflow's own config files, which Snakemake does not read then.
    """
    if not snakemake.is_imported(workflow):
        return config
    with one_line_errors():
        return read((), config, [shipped.ROOT / file for file in BASE_FILES])
