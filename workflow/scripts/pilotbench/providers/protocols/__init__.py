"""Protocols: how a model makes calls, by name."""

from pilotbench.providers.protocols.json_object import JsonObject
from pilotbench.providers.protocols.native import Native
from pilotbench.providers.protocols.plain import Plain
from pilotbench.providers.protocols.protocol import CallProtocol
from pilotbench.providers.protocols.text import Text

PROTOCOLS: dict[str, CallProtocol] = {
    "native": Native(),
    "json": JsonObject(),
    "text": Text(),
    "none": Plain(),
}
