"""Messages of JSON over a socket, bounded in size."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

LONGEST = 8 << 20
_LENGTH = struct.Struct(">I")


class Closed(Exception):
    """The other end is closed, or sent what is no message."""


class Channel:
    """One end of a connection."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.longest_received = 0

    def send(self, message: Any) -> None:
        """Send a message. Raises Closed, and ValueError for one that is too long."""
        data = json.dumps(message, check_circular=False).encode("ascii")
        if len(data) > LONGEST:
            raise ValueError(f"a value takes more than {LONGEST >> 20} MB")
        try:
            self._end.sendall(_LENGTH.pack(len(data)) + data)
        except OSError:
            raise Closed from None

    def receive(self) -> Any:
        """Return the next message. Raises Closed."""
        (size,) = _LENGTH.unpack(self._read(_LENGTH.size))
        if size > LONGEST:
            raise Closed
        self.longest_received = max(self.longest_received, size)
        try:
            return json.loads(self._read(size))
        except (ValueError, RecursionError):
            raise Closed from None

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = self._end.recv(min(size, 1 << 20))
            except OSError:
                part = b""
            if not part:
                raise Closed
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
