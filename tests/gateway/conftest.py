from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.gateway_server import GatewayServer


@pytest.fixture
def lab() -> Iterator[GatewayServer]:
    made = GatewayServer()
    yield made
    made.close()
