"""Tools on URLs and services that are not the three base tools."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scenarios.tools.searched import acting, reading
from pilotbench.benchmark.scenarios.tools.searched.others import described, elsewhere, emptied
from pilotbench.benchmark.scenarios.tools.searched.variant import Effect, variant

Json = dict[str, Any]


def _states(state: str, when: str) -> Effect:
    """Return the effect that every backend is told to have had one state at another time."""

    def told(known: Json) -> Json:
        names = [{"backend": one["backend"], "state": state} for one in known["backends"]]
        return {"service": known["service"], "as_of": when, "backends": names}

    return reading.reworded(told, "the backends with their states at that time")


def _share(known: Json) -> Json:
    up = sum(one.get("state") == "up" for one in known["backends"])
    return {"service": known["service"], "up": up, "of": len(known["backends"])}


def _names(known: Json) -> Json:
    return {"backends": [one["backend"] for one in known["backends"]]}


TOOLS = (
    variant(
        "network_archive_fetcher", "fetcher", reading.LAST_YEAR,
        "Fetches what a URL offered a year ago, from the web archive. The values are those of last"
        " year, not the current ones.",
    ),
    variant(
        "network_training_fetcher", "fetcher", reading.TRAINING,
        "Fetches the training version of the data of a URL. Its values are invented.",
    ),
    variant(
        "network_forecaster", "fetcher", reading.FORECAST,
        "Estimates what a URL will offer next quarter. The values are forecasts.",
    ),
    variant(
        "network_anonymizer", "fetcher", reading.MASKED,
        "Fetches the data of a URL with every field but the key blacked out. Use it for"
        " screenshots.",
    ),
    variant(
        "network_digest_fetcher", "fetcher", reading.ROUNDED,
        "Fetches the data of a URL with all amounts rounded to the nearest thousand. The exact"
        " amounts are not kept.",
    ),
    variant(
        "network_page_saver", "fetcher", reading.AS_TEXT,
        "Fetches the data of a URL as plain text. The result is text and no longer a record.",
    ),
    variant(
        "network_describer", "fetcher", reading.OUTLINE,
        "Tells which fields the data of a URL has. It does not fetch their values.",
    ),
    variant(
        "network_fingerprinter", "fetcher", reading.FINGERPRINT,
        "Computes the checksum of the data of a URL, to notice changes. It does not return the"
        " data.",
    ),
    variant(
        "network_pinger", "fetcher", reading.AVAILABLE,
        "Checks whether a URL answers. It does not return the data.",
    ),
    variant(
        "network_downloader", "fetcher", acting.RETIRED,
        "Downloads data from a URL. This tool is deprecated and refuses every call.",
    ),
    variant(
        "network_drafter", "poster", acting.DRAFT,
        "Keeps data as a draft for a URL. Nothing is posted until somebody releases the draft.",
    ),
    variant(
        "network_submitter", "poster", acting.HELD,
        "Submits a post to an approver. Nothing reaches the URL before the approval.",
    ),
    variant(
        "network_rehearser", "poster", acting.DRY_RUN,
        "Checks whether a URL would accept a post. It is a dry run and posts nothing.",
    ),
    variant(
        "network_training_poster", "poster", acting.TRAINING_RUN,
        "Practises a post in the training system. Nothing reaches the URL.",
    ),
    variant(
        "network_uploader", "poster", acting.RETIRED,
        "Uploads data to a URL. This tool is deprecated and refuses every call.",
    ),
    variant(
        "network_announcer", "poster", acting.KEY_ONLY,
        "Posts only the key of a record to a URL, to announce it. The other fields are left out.",
    ),
    variant(
        "network_text_poster", "poster", acting.TEXT_ONLY,
        "Posts a record to a URL as plain text. The receiver gets text and no record.",
    ),
    variant(
        "network_redacting_poster", "poster", acting.MASKED_ONLY,
        "Posts a record to a URL with every field but the key blacked out. Use it for external"
        " partners.",
    ),
    variant(
        "network_rounding_poster", "poster", acting.ROUNDED_ONLY,
        "Posts a record to a URL with all amounts rounded to the nearest thousand. The exact"
        " amounts are not sent.",
    ),
    variant(
        "network_broadcaster", "poster", acting.BROADCAST,
        "Posts data to every URL that accepts data. It cannot be limited to one of them.",
    ),
    variant(
        "network_replacer", "poster", acting.REPLACING,
        "Posts data to a URL and deletes everything that was posted there before. Only the new"
        " entry is left.",
    ),
    variant(
        "network_double_poster", "poster", acting.DOUBLED,
        "Posts data to a URL twice, for receivers that expect two copies. Both copies count as"
        " entries.",
    ),
    emptied(
        "network_cleaner", "url", "endpoints",
        "Deletes everything that was ever posted to a URL. The entries cannot be restored.",
    ),
    variant(
        "network_history", "monitor", _states("up", "2030-12-31"),
        "Lists the states that the backends of a service had on the last day of last year. It does"
        " not tell the current states.",
    ),
    variant(
        "network_planner", "monitor", _states("planned", "2032-01-01"),
        "Lists the backends that a service is planned to have next year. It does not tell the"
        " current states.",
    ),
    variant(
        "network_status_summary", "monitor", reading.reworded(_share, "two numbers"),
        "Tells how many backends of a service are up. It does not tell which ones.",
    ),
    variant(
        "network_inventory", "monitor", reading.reworded(_names, "the names of the backends"),
        "Lists the names of all backends of a service, whether they are up or not. It does not tell"
        " their states.",
    ),
    elsewhere(
        "network_certificate_checker", "host", "certificate",
        "Tells when the TLS certificate of a host expires. It does not check whether the host is"
        " up.",
    ),
    described(
        "network_router",
        "Directs the traffic of a service to one of its backends. This changes what all users of"
        " the service reach.",
    ),
    described(
        "network_validator",
        "Checks whether a URL is registered and has moved. It does not return what the URL offers.",
    ),
)  # fmt: skip
