"""Updates read only what changed, and give the same result as a rebuild."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import duckdb
import pytest

from pilotbench.episodes.owed import Owed
from pilotbench.ground.errors import UserError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.database import queries, reading, store
from support.database_lab import CELLS, SIZE, Lab, Replayed, half


def whole(count: int, repeats: int = 1) -> Plan:
    """Return the plan of all cells in one shard of `count` instances."""
    return Plan(tuple(Shard(cell, 0, count - 1) for cell in CELLS), repeats)


def add(lab: Lab) -> None:
    lab.plan = Plan((*lab.plan.shards, Shard(CELLS[0], SIZE, 2 * SIZE - 1)), 1)
    lab.write(lab.plan.shards[-1])


def rewrite(lab: Lab) -> None:
    lab.write(lab.plan.shards[1], salt="other")


def remove(lab: Lab) -> None:
    lab.path(lab.plan.shards[2]).unlink()


def deselect(lab: Lab) -> None:
    lab.plan = Plan(lab.plan.shards[:2], 1)


def shrink(lab: Lab) -> None:
    lab.plan = whole(2)
    lab.write()


def repeat(lab: Lab) -> None:
    lab.plan = Plan(lab.plan.shards, 2)
    lab.write(*lab.plan.shards[:2])


def touch(lab: Lab) -> None:
    os.utime(lab.path(lab.plan.shards[0]), (1, 1))


def rename(lab: Lab) -> None:
    shard = Shard(CELLS[3], 1, SIZE - 1)
    lab.path(lab.plan.shards[3]).unlink()
    lab.write(shard)


CHANGES: list[Callable[[Lab], None]] = [
    add,
    rewrite,
    remove,
    deselect,
    shrink,
    repeat,
    touch,
    rename,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_update_ends_where_a_rebuild_ends(lab: Lab, change: Callable[[Lab], None]) -> None:
    lab.first_update()
    change(lab)
    lab.update()
    updated = lab.content()
    lab.database.unlink()
    lab.update()
    assert lab.content() == updated


def test_a_chain_of_changes_ends_where_a_rebuild_ends(lab: Lab) -> None:
    for change in CHANGES:
        lab.update()
        change(lab)
    lab.update()
    updated = lab.content()
    lab.database.unlink()
    lab.update()
    assert lab.content() == updated


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_update_with_nothing_new_leaves_every_byte(
    lab: Lab, change: Callable[[Lab], None]
) -> None:
    lab.first_update()
    change(lab)
    lab.update()
    before = lab.database.read_bytes()
    report = lab.update()
    assert not report.written
    assert report.read == []
    assert lab.database.read_bytes() == before


def test_an_unchanged_database_is_no_older_than_its_inputs(lab: Lab) -> None:
    lab.first_update()
    os.utime(lab.database, (1, 1))
    lab.update()
    assert lab.database.stat().st_mtime > 1


def test_only_new_and_changed_shards_are_read_and_missing_ones_named(lab: Lab) -> None:
    lab.first_update()
    new = Shard(CELLS[0], SIZE, SIZE)
    lab.write(new)
    rewrite(lab)
    remove(lab)
    report = lab.update()
    changed, gone = lab.plan.shards[1].path, lab.plan.shards[2].path
    assert report.new == [str(new.path)]
    assert report.changed == [str(changed)]
    assert report.gone == [str(gone)]
    assert lab.said == [
        "master database: 1 new, 1 changed, 1 gone of 4 shard files; 0 provisional; written",
        f"new: {new.path}",
        f"changed: {changed}",
        f"gone: {gone}",
    ]


def test_a_touched_file_is_not_read_again(lab: Lab) -> None:
    lab.first_update()
    touch(lab)
    report = lab.update()
    assert report.touched == [str(lab.plan.shards[0].path)]
    assert report.read == []


def test_an_empty_folder_gives_a_database_with_the_plan(lab: Lab) -> None:
    shutil.rmtree(lab.results)
    lab.update()
    assert lab.rows("SELECT sum(planned), sum(completed), sum(owed) FROM cells") == [(12, 0, 12)]


def test_an_older_file_provides_what_the_planned_files_lack(lab: Lab) -> None:
    lab.first_update()
    shrink(lab)
    lab.update()
    shards = lab.rows("SELECT shard, count(*) FROM episodes WHERE current GROUP BY shard")
    assert {count for _, count in shards} == {2}
    assert {shard[-23:] for shard, _ in shards} == {"easy/0.8/00000-00001.jsonl.gz"[-23:]}
    outside = lab.rows("SELECT index, shard FROM episodes WHERE NOT current")
    assert {index for index, _ in outside} == {2}
    assert lab.value("SELECT count(*) - count(DISTINCT episode) FROM episodes") == 0


def test_a_file_whose_episodes_are_all_in_others_is_superseded(lab: Lab) -> None:
    lab.plan = Plan(tuple(Shard(CELLS[0], i, i) for i in range(SIZE)), 1)
    lab.write()
    lab.update()
    superseded = lab.rows("SELECT path FROM shards WHERE superseded")
    assert superseded == [(str(Shard(CELLS[0], 0, SIZE - 1).path),)]
    assert lab.value("SELECT count(*) FROM episodes") == 4 * SIZE


def test_of_files_outside_the_plan_the_newest_counts(lab: Lab) -> None:
    lab.plan = Plan((Shard(CELLS[1], 0, 0),), 1)
    old, new = Shard(CELLS[0], 0, 0), Shard(CELLS[0], 0, 1)
    lab.path(Shard(CELLS[0], 0, SIZE - 1)).unlink()
    lab.write(old, new)
    lab.update()
    assert lab.rows("SELECT path FROM shards WHERE superseded") == [(str(old.path),)]


def test_shards_outside_the_matrix_are_kept_and_marked(lab: Lab) -> None:
    deselect(lab)
    lab.update()
    assert lab.rows("SELECT current, count(*) FROM episodes GROUP BY 1 ORDER BY 1") == [
        (False, 2 * SIZE),
        (True, 2 * SIZE),
    ]
    assert lab.rows("SELECT sum(planned) FROM cells WHERE current") == [(2 * SIZE,)]


def test_a_planned_shard_without_a_file_comes_from_the_journal(lab: Lab) -> None:
    remove(lab)
    report = lab.update(half)
    assert report.provisional == [str(lab.plan.shards[2].path)]
    assert lab.value("SELECT count(*) FROM episodes WHERE provisional") == SIZE - 1
    assert lab.rows("SELECT index, repeat, kind, message FROM owed") == [
        (0, 0, "RateLimited", "still 429 after 900 s")
    ]
    assert lab.rows("SELECT sum(planned), sum(owed), sum(provisional) FROM cells") == [
        (4 * SIZE, 1, SIZE - 1)
    ]


def test_an_unchanged_journal_changes_nothing(lab: Lab) -> None:
    remove(lab)
    lab.update(half)
    assert not lab.update(half).written
    assert lab.update(lambda shard: None).written
    assert lab.value("SELECT count(*) FROM episodes WHERE provisional") == 0


def test_provisional_rows_are_deleted_when_the_file_is_written(lab: Lab) -> None:
    remove(lab)
    lab.update(half)
    lab.write(lab.plan.shards[2])
    lab.update(half)
    for table in ("episodes", "requests", "tool_calls"):
        assert lab.value(f"SELECT count(*) FROM {table} WHERE provisional") == 0
    assert lab.rows("FROM store.records") == lab.rows("FROM store.reasons") == []
    assert lab.value("SELECT count(*) FROM episodes") == 4 * SIZE
    assert lab.value("SELECT count(*) FROM owed") == 0


def test_provisional_rows_are_deleted_with_their_plan(lab: Lab) -> None:
    remove(lab)
    lab.update(half)
    deselect(lab)
    lab.update(half)
    assert lab.value("SELECT count(*) FROM shards WHERE state = 'provisional'") == 0


def test_unrequested_episodes_are_owed_as_not_asked(lab: Lab) -> None:
    remove(lab)
    lab.update(lambda shard: Replayed(owed=[Owed(0, 0, "NotAnswered", "not asked yet")]))
    assert lab.rows("SELECT DISTINCT kind FROM owed") == [("not_asked",)]
    assert lab.value("SELECT count(*) FROM owed") == SIZE


def test_a_reader_keeps_what_it_opened_while_the_database_is_replaced(lab: Lab) -> None:
    lab.first_update()
    with store.reader(lab.database) as reader:
        before = reader.execute("SELECT sum(success::INT) FROM episodes").fetchall()
        rewrite(lab)
        remove(lab)
        assert lab.update().written
        assert reader.execute("SELECT sum(success::INT) FROM episodes").fetchall() == before
        assert reader.execute("SELECT count(*) FROM requests").fetchone() is not None
    assert lab.value("SELECT count(*) FROM episodes") == 3 * SIZE


@pytest.mark.parametrize(
    "content", [b"", b"no database", b"\0" * 20_000], ids=["empty", "text", "zero"]
)
def test_an_unreadable_database_is_rebuilt(lab: Lab, content: bytes) -> None:
    lab.first_update()
    whole_content = lab.content()
    lab.database.write_bytes(content)
    lab.update()
    assert lab.content() == whole_content


def test_a_database_of_another_format_is_rebuilt(lab: Lab) -> None:
    lab.first_update()
    with duckdb.connect(str(lab.database)) as connection:
        connection.execute("UPDATE store.selection SET value = '0' WHERE key = 'format'")
    report = lab.update()
    assert len(report.new) == 4
    assert "master.duckdb: of another version, rebuilt" in lab.said


def test_many_updates_do_not_let_the_file_grow(lab: Lab) -> None:
    lab.first_update()
    first = lab.database.stat().st_size
    for number in range(12):
        lab.write(lab.plan.shards[0], salt=str(number))
        lab.update()
    assert lab.database.stat().st_size < 2 * first


def test_no_draft_is_left(lab: Lab) -> None:
    lab.first_update()
    rewrite(lab)
    lab.update()
    assert {path.name for path in lab.results.iterdir()} == {"shards", store.NAME}


def test_many_files_read_by_several_processes_give_the_same_content(lab: Lab) -> None:
    single = tuple(Shard(cell, i, i) for cell in CELLS for i in range(reading.MANY // 4))
    shutil.rmtree(lab.results / "shards")
    lab.plan = Plan(single, 1)
    lab.write(*single[: len(single) // 2])
    damaged = lab.path(single[1])
    damaged.write_bytes(b"no gzip")
    lab.keep_going = True
    lab.update()
    lab.write(*single[len(single) // 2 :])
    few = lab.update()
    assert len(few.read) < reading.MANY
    in_one = lab.content()
    lab.database.unlink()
    many = lab.update()
    assert len(many.read) >= reading.MANY
    assert many.damaged == few.damaged
    assert lab.content() == in_one
    assert {path.name for path in lab.results.iterdir()} == {"shards", store.NAME}


def test_a_provisional_record_may_be_longer_than_a_line_of_json(lab: Lab) -> None:
    shard = lab.plan.shards[0]
    lab.path(shard).unlink()
    replayed = half(shard)
    replayed.episodes[0]["user"] = "\ud800" + "x" * 20_000_000
    lab.update(lambda _: replayed)
    path, episode = str(shard.path), replayed.episodes[0]["episode"]
    query = "SELECT length(record) FROM store.records WHERE shard = ? AND episode = ?"
    assert lab.value(query, path, episode) > 20_000_000


def test_a_database_that_another_program_writes_to_is_left_alone(lab: Lab) -> None:
    lab.first_update()
    held = (
        "import sys, duckdb; db = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    )
    words = [sys.executable, "-c", held, str(lab.database)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"open\n"
        for read in (lab.update, lambda: queries.cells(lab.database)):
            with pytest.raises(UserError, match="another program has it open for writing"):
                read()
        other.communicate(b"\n")
    assert not lab.update().written
