"""Which of several equal requests one is, whatever becomes of the others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pilotbench.gateway.occurrences import Occurrences


def here() -> bool:
    return False


def test_equal_requests_are_counted_and_others_do_not_matter() -> None:
    counted = Occurrences()
    assert [counted.take("a", here) for _ in range(3)] == [0, 1, 2]
    assert counted.take("b", here) == 0


def test_a_request_that_was_not_answered_gives_its_number_to_the_next() -> None:
    counted = Occurrences()
    for _ in range(3):
        counted.take("a", here)
    counted.end("a", 2, here, delivered=True)
    counted.end("a", 1, here, delivered=False)
    counted.end("a", 0, here, delivered=False)
    assert [counted.take("a", here) for _ in range(3)] == [0, 1, 3]


def test_the_number_of_a_client_that_has_gone_is_taken_over_once() -> None:
    counted, clients = Occurrences(), {"gone": False}

    def gone() -> bool:
        return clients["gone"]

    assert counted.take("a", gone) == 0
    assert counted.take("a", here) == 1
    clients["gone"] = True
    assert counted.take("a", here) == 0
    counted.end("a", 0, gone, delivered=False)
    assert counted.take("a", here) == 2


def test_threads_never_get_the_same_number() -> None:
    counted = Occurrences()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: counted.take("a", here), range(400)))
    assert sorted(found) == list(range(400))
