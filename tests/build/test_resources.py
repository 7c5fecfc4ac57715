"""Names of resources on the command line."""

from __future__ import annotations

import pytest

from pilotbench.build.resources import check
from pilotbench.ground.errors import ConfigError

ALIASES = ("idealab_key1", "idealab_key2", "openai_key")


@pytest.mark.parametrize(
    ("limits", "of_jobs", "told"),
    [
        (["idealabkey1"], [], "--resources idealabkey1: no key has this alias; did you mean"),
        (
            ["openai_key", "gpt"],
            [],
            "--resources gpt: no key has this alias; allowed: ideal",
        ),
        (
            [],
            ["openai_key"],
            "openai_key: the slots of a key are not a resource of jobs; to",
        ),
        ([], ["openai_keys"], "openai_keys: the slots of a key are not a resource of jobs"),
    ],
)
def test_a_limit_that_would_limit_nothing_is_an_error(
    limits: list[str], of_jobs: list[str], told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        check(limits, of_jobs, ALIASES)
    assert str(caught.value).startswith(told)


def test_keys_and_the_resources_of_the_build_are_accepted() -> None:
    standard = ["_cores", "_nodes", "mem_mb", "disk_mb", "runtime", "gpu", "mem", "tmpdir"]
    check([*standard, *ALIASES], [*standard, "slurm_account", "slurm_partition", "mpi"], ALIASES)


def test_the_resources_of_a_workflow_that_imports_this_one_are_accepted() -> None:
    check(["licences", "gpu_hours"], ["licences"], ALIASES, alone=False)
    with pytest.raises(ConfigError, match="did you mean idealab_key1"):
        check(["idealabkey1"], [], ALIASES, alone=False)
