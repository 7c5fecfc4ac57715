"""What the template program reads from a request."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.players.template_program.reading import Order, read

LIST = "Every message in the queue `reef-1234` is an order; pull it until it is empty."
RECORD = "Its record is at `https://a.example/orders/<order_id>`."
KEY = "Each order goes by its `order_id`."
COUNTS = "An order counts if its `total` is above the limit of 5000."
ACT = "Post the record of each order that counts to `https://b.example/orders`."
SUM = "The answer is the sum of `total` over the orders that count."


def order_of(*sentences: str) -> Order:
    return read(" ".join(sentences))


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        ("An order counts if its `total` is above the limit of 5000.", (True, 5000)),
        ("An order counts if its `total` is below the limit of 5000.", (False, 5000)),
        ("With `total` at or above the limit of 5000 it does not count.", (False, 5000)),
        ("If the `total` does not exceed 5000, the limit, it does not count.", (True, 5000)),
        ("The limit must be greater than the `total`; it is 5000.", (False, 5000)),
        ("只有`total`不低于限值5000的订单不符合条件。", (False, 5000)),
        ("只有`total`超过限值5000的订单才符合条件。", (True, 5000)),
        (
            "The limit of 4000 is obsolete. It counts above 5000, the limit, in `total`.",
            (True, 5000),
        ),
        (
            "5000 has replaced 4000 as the limit. It counts above the limit in `total`.",
            (True, 5000),
        ),
        ("Limit 4000 replaced by 5000. It counts above the limit in `total`.", (True, 5000)),
        ("No order counts whose `total` the limit of 5000 exceeds.", (True, 5000)),
        ("All orders count except those above the limit of 5000 in `total`.", (False, 5000)),
        (
            "An order counts if its `total` is above the limit of 5000. I have confused the two"
            " sides of the limit, so please read one for the other.",
            (False, 5000),
        ),
    ],
)
def test_the_limit_and_its_side(said: str, read_as: tuple[bool, int]) -> None:
    order = order_of(LIST, RECORD, KEY, said, ACT, SUM)
    assert (order.over, order.limit) == read_as


@pytest.mark.parametrize(
    ("said", "act", "rest"),
    [
        (ACT, ("url", "https://b.example/orders"), None),
        (f"{ACT} The others go to `ulf.ek`.", ("url", "https://b.example/orders"), "ulf.ek"),
        (
            "The record goes to `ulf.ek`, unless the order counts, in which case post it to"
            " `https://b.example/orders` instead.",
            ("url", "https://b.example/orders"),
            "ulf.ek",
        ),
        (
            "A record is sent to `ulf.ek`, save where its order counts, which is a reason to post"
            " it to `https://b.example/orders` instead.",
            ("url", "https://b.example/orders"),
            "ulf.ek",
        ),
        (
            f"{ACT} Every record is sent to `ulf.ek`, except those of orders that count.",
            ("url", "https://b.example/orders"),
            "ulf.ek",
        ),
        (
            f"{ACT} Records no longer go to `ulf.ek`, the old place.",
            ("url", "https://b.example/orders"),
            None,
        ),
    ],
)
def test_where_records_go(said: str, act: tuple[str, str], rest: str | None) -> None:
    order = order_of(LIST, RECORD, KEY, COUNTS, said, SUM)
    assert order.act == act
    assert (order.rest and order.rest[1]) == rest


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (SUM, "sum"),
        ("Answer with the `order_id` of the one with the largest `total`.", "largest"),
        ("Answer with the `order_id` of the one with the smallest `total`.", "smallest"),
        ("The answer is its `order_id`: no other that counts exceeds it in `total`.", "largest"),
        (
            "Sort by `total`, largest first; answer with the `order_id` of the last.",
            "smallest",
        ),
        ("Give as `quote` the receipt number before; the last is the answer.", "receipt"),
    ],
)
def test_what_is_answered(said: str, answer: str) -> None:
    assert order_of(LIST, RECORD, KEY, COUNTS, ACT, said).answer == answer


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        (LIST, {"listing": ("queue", "reef-1234"), "credential": None}),
        (
            "Sign in to the database `fjord-1` with `cr-12`; each row of `orders_7` is an order.",
            {"listing": ("table", "fjord-1", "orders_7"), "credential": ("fjord-1", "cr-12")},
        ),
        ("Each file in `drop/orders_7` is an order.", {"listing": ("folder", "drop/orders_7")}),
        ("Each backend of `fjord-1` that is `up` is one.", {"listing": ("service", "fjord-1")}),
        ("There is nothing to read.", {"listing": ("queue",)}),
    ],
)
def test_where_the_list_is(said: str, fields: dict[str, Any]) -> None:
    order = order_of(said, RECORD, KEY, COUNTS, ACT, SUM)
    assert {name: getattr(order, name) for name in fields} == fields
