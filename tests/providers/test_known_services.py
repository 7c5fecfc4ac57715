"""Each entry of services.yaml is a valid config that builds a request."""

from __future__ import annotations

import pytest

from pilotbench.matrix import config, config_files, validation
from pilotbench.providers.known_services import KnownService, known_services
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.wire_formats import WIRE_FORMATS
from pilotbench.simulator.families import FAMILIES

SERVICES = known_services()


@pytest.mark.parametrize("service", SERVICES, ids=[service.name for service in SERVICES])
def test_its_entries_are_valid_and_build_a_request(service: KnownService) -> None:
    added = service.config()
    merged = config_files.read()
    merged["providers"] |= added["providers"]
    merged["model_catalog"] |= added["model_catalog"]
    merged["models"] = list(added["model_catalog"])
    validation.validate(merged)
    settings = config.settings(merged)
    assert settings.providers[service.name].keys.keys() == {service.key[0]}
    for model in settings.models.values():
        wire = WIRE_FORMATS[model.api]
        body, _ = wire.bodies(
            model.deployment, [Message("user", "ready?")], Offer(), model.parameters
        )
        assert body["model"] == model.deployment
    assert set(service.simulated) <= set(FAMILIES)


def test_no_two_services_have_the_same_variable_or_alias() -> None:
    for names in ([s.env for s in SERVICES if s.env], [s.key[0] for s in SERVICES]):
        assert len(names) == len(set(names))
