from __future__ import annotations

import pytest

from pilotbench.benchmark.scenarios.tools.searched.catalogue import SEARCHED
from pilotbench.benchmark.scenarios.tools.searched.search import FOUND, about, found, ranked
from pilotbench.benchmark.scenarios.tools.toolbox import ASK, TOOLS
from pilotbench.benchmark.world.tool import ToolFailure

QUERIES: dict[str, tuple[str, ...]] = {
    "file_operations_reader": ("read a file", "open the file with the record of an order"),
    "file_operations_scanner": ("list the files in a folder",),
    "file_operations_writer": ("write data to a new file", "save a record as a file"),
    "data_processing_viewer": ("show all fields of a record", "look at all rows of a table"),
    "data_processing_filter": ("keep only the rows above a limit",),
    "data_processing_joiner": ("join two tables by a column", "combine a table with another"),
    "data_processing_aggregator": ("sum of a column", "compute the total of a column"),
    "network_fetcher": ("fetch the record that a URL offers", "get data from a URL", "http get"),
    "network_poster": ("post a record to a URL", "send data to an endpoint", "POST data"),
    "network_monitor": ("which backends of a service are up", "state of each backend"),
    "computation_calculator": ("add numbers", "evaluate an arithmetic expression"),
    "integration_authenticator": ("sign in to a service with a credential", "log in"),
    "integration_connector": ("get a table from a database", "open a database table"),
    "integration_queue": ("take the next message from a queue", "add a record to a queue"),
    "integration_scheduler": ("schedule a job", "plan a job for a certain time"),
    "integration_canceller": ("withdraw an entry by its receipt number", "undo a post"),
    "integration_auditor": ("list the entries that a URL has received", "has a post arrived"),
    "utility_cache": ("read a value from the cache", "get a record from the cache by key"),
    "utility_tracker": ("look up a tracking reference", "track a shipment"),
    "utility_helper": ("look up a house note", "read the house rules on a topic"),
    "utility_directory": ("find who holds a role", "who is the shift lead"),
    "utility_notifier": ("send a record to a person", "notify a person"),
    "utility_logger": ("write a line to the log",),
}


def test_every_base_tool_has_a_query() -> None:
    assert set(QUERIES) == set(TOOLS) - {ASK}


@pytest.mark.parametrize(
    ("tool", "query"), [(tool, query) for tool, queries in QUERIES.items() for query in queries]
)
def test_a_plain_query_finds_the_right_tool_among_the_first_eight(tool: str, query: str) -> None:
    assert tool in ranked(query)


@pytest.mark.parametrize("tool", sorted(SEARCHED))
def test_a_tool_is_found_by_its_own_description(tool: str) -> None:
    assert tool in ranked(SEARCHED[tool].description)[:2]


def test_a_search_tells_names_and_descriptions_of_eight_at_most() -> None:
    tools = found("post data")["tools"]
    assert len(tools) == FOUND == 8
    assert tools[0] == {
        "name": "network_poster",
        "description": SEARCHED["network_poster"].description,
    }
    assert found("zyzzyva") == {"tools": []}


def test_what_is_told_about_a_tool_is_its_declaration() -> None:
    told = about("network_drafter")
    assert told["name"] == "network_drafter"
    assert told["parameters"] == SEARCHED["network_drafter"].parameters
    assert told["errors"] == list(SEARCHED["network_drafter"].errors)
    assert told["requires"] == SEARCHED["network_poster"].requires
    assert "requires" not in about("utility_tracker")


def test_an_unknown_name_is_refused_in_a_sentence() -> None:
    for name in ("requester_ask", "finish", "x" * 500):
        with pytest.raises(ToolFailure) as caught:
            about(name)
        assert caught.value.code == "unknown_tool"
        assert len(caught.value.message) < 100
