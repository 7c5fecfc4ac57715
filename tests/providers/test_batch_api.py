"""What the words of a service say about a batch that it does not take."""

from __future__ import annotations

import pytest

from pilotbench.providers.batch_api import Excess, enqueued_limit, excess, places_in

MANY, LARGE = Excess(True, False), Excess(False, True)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("too_many_tasks: The input file has more than 50000 requests.", MANY),
        (
            "The number of requests in the input file exceeds the maximum allowed value of 100,000",
            MANY,
        ),
        ("requests: List should have at most 100000 items", MANY),
        ("The batch has more than 2 requests.", MANY),
        ("file_too_large: The file is larger than 209715200 bytes.", LARGE),
        ("HTTP 413: Request exceeds the maximum size", LARGE),
        ("Request payload size exceeds the limit: 20971520 bytes.", LARGE),
        ("File size exceeds the limit of 200 MB", LARGE),
        ("The input file is too large.", LARGE),
        ("model_not_found: The provided model 'm' is not supported by the Batch API.", None),
        ("The validation of the input file failed.", None),
        ("invalid_json_line: This line is not parseable as valid JSON.", None),
    ],
)
def test_words_about_the_size_of_a_batch(words: str, found: Excess | None) -> None:
    assert excess(words) == found


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ("HTTP 400: requests.3.params: the request is not valid", (3,)),
        ("requests[12].request.contents: contents is not specified", (12,)),
        ("Line 3 of the input file is not an object. Line 7 is empty.", (2, 6)),
        ("requests: List should have at most 2 items", ()),
        ("line 0", ()),
        ("HTTP 400: bad request", ()),
    ],
)
def test_words_that_name_requests(words: str, places: tuple[int, ...]) -> None:
    assert places_in(words) == places


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("Enqueued token limit reached for m in organization o. Limit: 90,000 tokens.", 90_000),
        ("tokens has surpassed the configured limit of 200,000 for the deployment", 200_000),
        ("Too many batches. Please try again later.", None),
    ],
)
def test_words_about_the_limit_of_enqueued_tokens(words: str, limit: int | None) -> None:
    assert enqueued_limit(words) == limit
