"""The page, the schema and the database describe the same columns."""

from __future__ import annotations

import pytest

from dev.database_page import PAGE, page
from pilotbench.episodes import shard_file
from pilotbench.results.database import schema
from pilotbench.results.database.views import VIEWS
from support.database_lab import Lab


def test_the_page_is_what_the_schema_says() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(written), "run: python -m dev.database_page"


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_has_the_columns_and_types_that_are_documented(lab: Lab, name: str) -> None:
    lab.first_update()
    found = [(row[0], row[1].replace(" ", "")) for row in lab.rows(f"DESCRIBE {name}")]
    assert found == [(column.name, column.type) for column in VIEWS[name].columns]


@pytest.mark.parametrize("table", schema.TABLES.values(), ids=lambda table: table.name)
def test_a_key_is_unique(lab: Lab, table: schema.StoredTable) -> None:
    lab.first_update()
    key = ", ".join(f'"{word}"' for word in table.key)
    query = f"SELECT count(*) - count(DISTINCT ({key})) FROM store.{table.name}"
    assert lab.value(query) == 0


def test_every_scalar_of_an_episode_record_is_a_column() -> None:
    record = shard_file.episode_schema()
    columns = {column.name for column in schema.EPISODES.columns}
    elsewhere = {"errors", "transient", "tokens", "system", "user", "messages", "transcript"}
    elsewhere |= {"world_diff", "collateral"}
    assert set(record["properties"]) - columns == elsewhere
