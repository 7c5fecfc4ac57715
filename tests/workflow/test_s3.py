"""Results in an S3 bucket, by Snakemake's storage plugin, against a local server (moto)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import Simulator
from support.build import PLAYERS, Build
from support.runs import Run

BUCKET = "s3://results/mine"
COPIES = Path(".snakemake/storage/s3/results/mine/results")
KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Yield the URL of an S3 server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def wait_for(port: int, patient_s: float = 60) -> None:
    """Return when something listens."""
    end = time.monotonic() + patient_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < end, "no S3 server"
            time.sleep(0.1)


@pytest.fixture
def bucket(server: str) -> Iterator[Any]:
    """Yield the bucket, empty."""
    import boto3

    s3 = boto3.resource(
        "s3",
        endpoint_url=server,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    found = s3.Bucket("results")
    found.create()
    yield found
    found.objects.delete()
    s3.meta.client.close()


class Stored(Build):
    """A checkout whose results lie in the bucket of a server."""

    plugins = True

    def run(self, server: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the build under the profile."""
        place = ("--default-storage-prefix", BUCKET, "--storage-s3-endpoint-url", server)
        return self.snakemake(*words, "--profile", "profiles/s3", *place, **KEYS)


def names(bucket: Any) -> list[str]:
    """Return what lies in the bucket, below the folder of the results."""
    prefix = "mine/results/"
    return sorted(one.key.removeprefix(prefix) for one in bucket.objects.filter(Prefix=prefix))


def evaluated(text: str) -> int:
    """Return how many shards a run has evaluated."""
    return text.count("(Rule: evaluate)")


def test_results_are_in_the_bucket_and_a_lost_one_is_rebuilt_without_asking(
    tmp_path: Path, server: str, bucket: Any
) -> None:
    build = Stored(tmp_path, {"models": ["oracle"]})
    done = build.run(server, "all")
    assert done.returncode == 0, done.stdout
    assert evaluated(done.stdout) == 4
    assert f"summary: {COPIES}/summary/index.html" in done.stdout
    found = names(bucket)
    assert len([name for name in found if name.endswith(".jsonl.gz")]) == 4
    wanted = {"master.duckdb", "master_database.json", "summary/index.html", "summary/summary.md"}
    assert wanted <= set(found)
    assert not build.shards()  # nothing lies in results/shards of this machine
    status = build.pilotbench("status", "--json", "--config", f"results_dir={COPIES}")
    assert '"owed": 0' in status.stdout, status.stdout

    again = build.run(server, "all")
    assert again.returncode == 0, again.stdout
    assert "Nothing to be done" in again.stdout

    journal = sorted((tmp_path / "journal").rglob("*.jsonl"))
    lost = next(name for name in found if name.endswith(".jsonl.gz"))
    bucket.Object(f"mine/results/{lost}").delete()
    shutil.rmtree(tmp_path / ".snakemake/storage")
    mended = build.run(server, "all")
    assert mended.returncode == 0, mended.stdout
    assert evaluated(mended.stdout) == 1
    assert names(bucket) == found
    assert sorted((tmp_path / "journal").rglob("*.jsonl")) == journal


def test_another_machine_uses_the_results_in_the_bucket(
    tmp_path: Path, server: str, bucket: Any
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, other = (Stored(tmp_path / name, {"models": ["oracle"]}) for name in ("one", "other"))
    first = one.run(server, "all", "--until", "evaluate")
    assert first.returncode == 0, first.stdout
    other.configure({**PLAYERS, "models": ["oracle"], "instances": 6})
    second = other.run(server, "all", "--until", "evaluate")
    assert second.returncode == 0, second.stdout
    assert evaluated(second.stdout) == 2  # the new ones
    assert len([name for name in names(bucket) if name.endswith(".jsonl.gz")]) == 6


PROFILE = ("--profile", "profiles/s3", "--default-storage-prefix", BUCKET)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("--default-storage-provider", "s3", "--default-storage-prefix", BUCKET),
            "error: --keep-storage-local-copies is missing: what is finished is read from",
        ),
        (
            (*PROFILE, "--executor", "slurm", "--shared-fs-usage", "sources", "persistence"),
            "error: journal_dir: must be an absolute path, on a volume that all jobs mount",
        ),
        (
            (*PROFILE, "--config", "results_dir=/tmp/results"),
            "error: results_dir: must be relative with object storage",
        ),
    ],
)
def test_what_does_not_work_is_one_line(
    tmp_path: Path, server: str, words: tuple[str, ...], line: str
) -> None:
    build = Stored(tmp_path)
    run = build.snakemake("all", *words, "--storage-s3-endpoint-url", server, **KEYS)
    assert run.returncode == 1
    assert line in run.stdout
    assert "Traceback" not in run.stdout


def test_the_batch_lane_keeps_its_marks_out_of_the_bucket(
    tmp_path: Path, server: str, bucket: Any
) -> None:
    place = ("--default-storage-prefix", BUCKET, "--storage-s3-endpoint-url", server)
    words = ("all", "--until", "evaluate", "--profile", "profiles/s3", *place)
    with Simulator(keys={"sim_key1": {}}) as simulator:
        lane = {"provider": "sim", "deployment": "echo", "lane": "batch"}
        run = Run(tmp_path, simulator, {"model_catalog": {"echo": lane}}, keys=("sim_key1",))
        run.plugins = True
        done = run.snakemake(*words, **KEYS)
        assert done.returncode == 0, done.stdout
        assert evaluated(done.stdout) == 3
        assert simulator.stats()["tiers"] == {"batch": 30}
        assert {name.split("/")[0] for name in names(bucket)} <= {"shards", "logs"}
        assert evaluated(run.snakemake(*words, **KEYS).stdout) == 0
