from __future__ import annotations

from pilotbench.benchmark.scenarios.tools.searched import acting, reading
from pilotbench.benchmark.scenarios.tools.searched.variant import BASES, variant
from pilotbench.benchmark.scenarios.tools.toolbox import TOOLS


def test_an_action_of_a_tool_is_a_base_of_its_own() -> None:
    for name, required in (
        ("push", ["queue", "data"]),
        ("pull", ["queue"]),
        ("put", ["key", "data"]),
        ("get", ["key"]),
    ):
        assert BASES[name].parameters["required"] == required
        assert "action" not in BASES[name].parameters["properties"]
    assert "action" in TOOLS["integration_queue"].parameters["properties"]


def test_a_variant_has_the_parameters_and_errors_of_its_base() -> None:
    made = variant("network_x", "fetcher", reading.LENGTH, "A. B.")
    base = TOOLS["network_fetcher"]
    assert (made.parameters, made.errors) == (base.parameters, base.errors)
    assert made.requires == base.requires


def test_a_retired_tool_has_one_error_and_a_broadcast_no_target() -> None:
    assert variant("network_x", "poster", acting.RETIRED, "A. B.").errors == ("retired",)
    cast = variant("network_x", "poster", acting.BROADCAST, "A. B.")
    assert list(cast.parameters["properties"]) == ["data", "quote"]
    assert cast.parameters["required"] == ["data"]
