"""What the items of a work list are: their nouns in each language, and the fields of a record."""

from __future__ import annotations

from dataclasses import dataclass

REGIONS = ("north", "south", "east", "west", "coast", "hills")
GRADES = ("A", "B", "C", "D")
ROUND = 10
"""Every limit is a multiple of this, in requests as in house rules, and no amount is: no item is
exactly at a limit, and wordings may put one there on either side."""


@dataclass(frozen=True)
class Subject:
    """A kind of item. `key` names it (`prefix-48213`).

    `amount` is a whole number of 1,000 or more, and no multiple of ROUND. `measure` is the Chinese
    measure word of the noun.

    Every record also has `region` (REGIONS), `grade` (GRADES), `due` (a date of 2031 such as
    `2031-03-14`), `slot` (a time such as `2031-04-02T14:30`) and `reference` (where it is tracked).
    """

    name: str
    one: str
    many: str
    chinese: str
    measure: str
    key: str
    prefix: str
    amount: str


SUBJECTS: dict[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject("orders", "order", "orders", "订单", "笔", "order_id", "OR", "total"),
        Subject("invoices", "invoice", "invoices", "发票", "张", "invoice_id", "IN", "amount"),
        Subject(
            "shipments", "shipment", "shipments", "货运单", "张", "shipment_id", "SH", "weight"
        ),
        Subject("claims", "claim", "claims", "理赔单", "张", "claim_id", "CL", "payout"),
        Subject("samples", "sample", "samples", "样品", "份", "sample_id", "SA", "count"),
        Subject(
            "meters", "meter reading", "meter readings", "电表读数", "条", "meter_id", "ME", "usage"
        ),
        Subject("tickets", "ticket", "tickets", "工单", "张", "ticket_id", "TI", "minutes"),
        Subject("permits", "permit", "permits", "许可证", "张", "permit_id", "PE", "fee"),
        Subject("bookings", "booking", "bookings", "预订", "笔", "booking_id", "BO", "price"),
        Subject("refunds", "refund", "refunds", "退款", "笔", "refund_id", "RE", "value"),
        Subject("grants", "grant", "grants", "拨款", "笔", "grant_id", "GR", "budget"),
        Subject("servers", "server", "servers", "服务器", "台", "server_id", "SV", "load"),
        Subject("repairs", "repair job", "repair jobs", "维修单", "张", "repair_id", "RP", "cost"),
    )
}
