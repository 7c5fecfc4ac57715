from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scenarios.tools.arguments import checked
from pilotbench.benchmark.scenarios.tools.toolbox import FINISH, TOOLS
from pilotbench.benchmark.world.tool import ToolFailure

BAD: list[tuple[str, Any, str]] = [
    ("network_fetcher", [], "The arguments must be a JSON object."),
    ("network_fetcher", {}, "The tool requires `url`."),
    ("network_poster", {}, "The tool requires `url` and `data`."),
    ("network_fetcher", {"url": 5}, "`url` must be text."),
    ("network_fetcher", {"url": "u", "part": 0}, "`part` must be at least 1."),
    ("network_fetcher", {"url": "u", "part": "1"}, "`part` must be a whole number."),
    ("network_fetcher", {"url": "u", "page": 1}, "The call has an argument that the tool does not"
     " take; it takes `part`, `url`."),
    ("network_poster", {"url": "u", "data": {"order_id": "OR-1"}},
     "`data` must be a handle or the name of a table, not the data itself."),
    ("integration_queue", {"queue": "q", "action": "peek"}, "`action` must be one of pull, push."),
    ("utility_logger", {"text": "x" * 301}, "`text` must be at most 300 characters long."),
    ("finish", {"answer": [1]}, "`answer` must be a number or text."),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "message"), BAD)
def test_wrong_arguments_are_explained_in_a_sentence(
    tool: str, arguments: Any, message: str
) -> None:
    with pytest.raises(ToolFailure) as caught:
        checked(TOOLS.get(tool, FINISH), arguments)
    assert (caught.value.code, caught.value.message) == ("bad_arguments", message)


def test_defaults_are_filled_in_and_whole_floats_are_whole_numbers() -> None:
    assert checked(TOOLS["network_fetcher"], {"url": "u"}) == {"url": "u", "part": 1}
    assert checked(TOOLS["network_fetcher"], {"url": "u", "part": 2.0})["part"] == 2
