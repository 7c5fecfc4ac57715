"""Protocols: how a model makes calls, found in one plain dict."""

from pilotbench.protocols.json_object import JsonObject
from pilotbench.protocols.native import Native
from pilotbench.protocols.plain import Plain
from pilotbench.protocols.protocol import CallProtocol
from pilotbench.protocols.text import Text

PROTOCOLS: dict[str, CallProtocol] = {
    "native": Native(),
    "json": JsonObject(),
    "text": Text(),
    "none": Plain(),
}
