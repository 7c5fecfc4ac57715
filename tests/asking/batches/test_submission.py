"""How much is submitted at once where a service has little room."""

from __future__ import annotations

import math
import re

from pilotbench.asking.batches.submission import FIRST_PAUSE_S, Room, custom_id


def test_room_halves_with_each_refusal_and_a_single_request_is_tried_again_after_a_while() -> None:
    now = [100.0]
    room = Room(lambda: now[0])
    assert room.left(10) == math.inf
    room.full(9)
    assert [room.left(out) for out in (0, 3, 4, 5)] == [4, 1, 0, 0]
    room.full(2)
    assert room.left(0) == 1
    for pause in (FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S):
        room.full(1)
        assert room.left(0) == 0
        now[0] += pause
        assert room.left(0) == 1


def test_a_custom_id_is_one_that_every_service_accepts() -> None:
    found = custom_id("0123456789abcdef", "f" * 64)
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", found)
    assert found != custom_id("0123456789abcdef", "e" * 64)
