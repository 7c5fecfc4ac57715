"""The gateway over HTTP, with the official client: what is answered, paid and refused."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml

from pilotbench.__main__ import main
from support import Simulator
from support.gateway_lab import KEYS, GatewayLab, Served, ask, config_of
from support.http_service import HttpService
from support.runs import wait_until

Json = dict[str, Any]
TOKEN = "a-token-of-the-user-0123456789"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(keys={alias: {"slots": 4} for alias in KEYS}, latency_s=0.01) as running:
        yield running


@pytest.fixture
def lab(tmp_path: Path, simulator: Simulator) -> Iterator[GatewayLab]:
    simulator.reset()
    made = GatewayLab(tmp_path, simulator.base_url)
    yield made
    made.close()


@pytest.fixture
def samples(tmp_path: Path) -> Iterator[tuple[HttpService, GatewayLab]]:
    """A service that never gives the same answer twice."""
    number = count()

    def reply(path: str, headers: dict[str, str], body: Any) -> Json:
        made = {"role": "assistant", "content": f"sample {next(number)}"}
        choices = [{"index": 0, "message": made, "finish_reason": "stop"}]
        usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
        return {"id": "c", "model": body["model"], "choices": choices, "usage": usage}

    with HttpService(reply) as service:
        made = GatewayLab(tmp_path, f"{service.address}/v1")
        yield service, made
        made.close()


def paid(simulator: Simulator) -> int:
    return int(simulator.stats()["total"]["answered"])


def said(found: Json) -> str:
    return str(found["choices"][0]["message"]["content"])


def test_a_client_gets_the_answer_of_the_service_and_a_rerun_asks_nothing(
    lab: GatewayLab, simulator: Simulator
) -> None:
    with openai.OpenAI(base_url=simulator.base_url, api_key=f"sk-{KEYS[0]}") as direct:
        wanted = ask(direct, model="echo-mini", temperature=0)
    first = lab.serve()
    got = ask(first.client(), temperature=0)
    for found in (wanted, got):
        del found["created"]
    assert got == wanted
    response = first.client().responses.create(model="thinker", input="hello")
    assert response.output_text == "hello"
    totals = first.stop()["labels"]["default"]
    assert (totals["paid"], totals["replayed"]) == (2, 0)
    before = paid(simulator)
    again = lab.serve()
    rerun = ask(again.client(), temperature=0)
    del rerun["created"]
    assert rerun == wanted
    assert again.client().responses.create(model="thinker", input="hello") == response
    assert paid(simulator) == before


def test_a_stream_has_the_same_content_and_the_same_identity(
    lab: GatewayLab, simulator: Simulator
) -> None:
    served = lab.serve()
    whole = ask(served.client(run="a"))
    messages: Any = [{"role": "user", "content": "What is 6 x 7?"}]
    options: Any = {"include_usage": True}
    chunks = list(
        served.client(run="b").chat.completions.create(
            model="chatty", messages=messages, stream=True, stream_options=options
        )
    )
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert text == said(whole)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.model_dump() == whole["usage"]
    with served.client().responses.stream(model="thinker", input="hello") as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_response().output_text == "hello"
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert paid(simulator) == 2


def test_equal_requests_are_different_samples_and_again_the_same_ones(
    samples: tuple[HttpService, GatewayLab],
) -> None:
    service, lab = samples
    first = lab.serve()
    with ThreadPoolExecutor(5) as threads:
        client = first.client()
        found = list(threads.map(lambda _: said(ask(client, temperature=1)), range(5)))
    assert len(set(found)) == 5
    again = sorted(said(ask(first.client(run="again"), temperature=1)) for _ in range(5))
    assert again == sorted(found)
    first.post("/pilotbench/begin?label=default", {})
    assert said(ask(first.client(), temperature=1)) in found
    first.kill()
    later = lab.serve()
    assert sorted(said(ask(later.client(), temperature=1)) for _ in range(5)) == sorted(found)
    assert len(service.requests) == 5
    assert said(ask(later.client(), temperature=1)) not in found
    assert len(service.requests) == 6


def test_labels_share_nothing_and_have_their_own_tokens(
    samples: tuple[HttpService, GatewayLab],
) -> None:
    service, lab = samples
    served = lab.serve("--label", "one", "--label", "two/ü")
    assert said(ask(served.client("one"))) != said(ask(served.client("two/ü")))
    wrong = served.client("one", api_key=served.labels["two/ü"]["token"])
    with pytest.raises(openai.AuthenticationError, match="not its token"):
        ask(wrong)
    assert len(service.requests) == 2
    files = sorted((lab.folder / "limits").glob("gateway-*/*.token"))
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    served.stop()
    assert lab.serve("--label", "one").labels["one"]["token"] == served.labels["one"]["token"]


def test_a_label_is_served_by_one_process(lab: GatewayLab) -> None:
    first, second = lab.serve(), lab.serve()
    ask(first.client())
    with pytest.raises(openai.InternalServerError, match=f"pid {first.process.pid}"):
        ask(second.client())
    first.kill()
    assert said(ask(second.client()))


def test_a_killed_gateway_has_paid_only_for_what_was_in_flight(
    lab: GatewayLab, simulator: Simulator
) -> None:
    served = lab.serve()
    done = [ask(served.client(), f"question {n}") for n in range(3)]
    simulator.hold()
    with ThreadPoolExecutor(2) as threads:
        lost = [threads.submit(ask, served.client(), f"question {n}") for n in (3, 4)]
        served.await_in_flight(2)
        wait_until(lambda: simulator.stats()["total"]["in_flight"] == 2)
        served.kill()
        for one in lost:
            assert isinstance(one.exception(), openai.APIConnectionError)
    simulator.release()
    again = lab.serve()
    before = simulator.stats()["total"]["requests"]
    assert [ask(again.client(), f"question {n}") for n in range(3)] == done
    assert simulator.stats()["total"]["requests"] == before
    for n in (3, 4):
        ask(again.client(), f"question {n}")
    assert simulator.stats()["total"]["requests"] == before + 2


def test_a_client_that_tries_again_after_its_time_is_over_pays_once(
    lab: GatewayLab, simulator: Simulator
) -> None:
    served = lab.serve()
    simulator.hold()
    with pytest.raises(openai.APITimeoutError):
        ask(served.client(timeout=0.5))
    with ThreadPoolExecutor(1) as threads:
        again = threads.submit(ask, served.client())
        served.await_in_flight(2)
        simulator.release()
        assert said(again.result())
    assert paid(simulator) == 1
    assert simulator.stats()["total"]["requests"] == 1


def test_ctrl_c_waits_for_what_is_in_flight(lab: GatewayLab, simulator: Simulator) -> None:
    served = lab.serve()
    simulator.hold()
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(ask, served.client())
        wait_until(lambda: simulator.stats()["total"]["in_flight"] == 1)
        stopped = threads.submit(served.stop)
        wait_until(lambda: _is_stopping(served))
        simulator.release()
        assert said(answer.result())
        assert stopped.result()["labels"]["default"]["paid"] == 1


def _is_stopping(served: Served) -> bool:
    status, body, _ = served.post("/v1/chat/completions", {"model": "chatty", "messages": []})
    return status == 503 and body["error"]["code"] == "stopping"


BAD: dict[str, tuple[Json | bytes, int, str]] = {
    "not JSON": (b"{", 400, "must be JSON"),
    "no object": (b"[]", 400, "JSON object"),
    "NaN": (b'{"model": "chatty", "temperature": NaN}', 400, "must be JSON"),
    "deep": (b'{"a":' * 200 + b"1" + b"}" * 200, 400, "nested deeper"),
    "no model": ({}, 400, "model_catalog"),
    "unknown model": ({"model": "chaty"}, 404, "did you mean chatty"),
    "other api": ({"model": "thinker"}, 400, "post to /v1/responses"),
    "other form": ({"model": "claude"}, 400, "api: messages"),
    "player": ({"model": "oracle"}, 400, "reference player"),
    "state": ({"model": "chatty", "previous_response_id": "x"}, 400, "whole conversation"),
    "extra_body": ({"model": "chatty", "extra_body": {"model": "x"}}, 400, "into the body"),
}


def test_what_cannot_be_asked_gets_one_line(lab: GatewayLab, simulator: Simulator) -> None:
    served = lab.serve()
    for name, (body, status, words) in BAD.items():
        got, found, headers = served.post("/v1/chat/completions", body)
        assert (got, headers["x-should-retry"]) == (status, "false"), name
        assert words in found["error"]["message"], name
    got, found, _ = served.post("/v1/chat/completions", {}, Authorization="Bearer wrong")
    assert (got, found["error"]["code"]) == (401, "invalid_api_key")
    assert served.post("/v1/embeddings", {})[0] == 404
    assert simulator.stats()["total"]["requests"] == 0
    names = {model.id for model in served.client().models.list()}
    assert {"chatty", "alias", "thinker"} <= names
    assert not {"claude", "oracle"} & names
    assert served.client().models.retrieve("chatty").owned_by == "sim"


def test_the_parameters_of_an_entry_are_not_used_and_a_deployment_is_a_name(
    lab: GatewayLab, simulator: Simulator
) -> None:
    served = lab.serve()
    found = [ask(served.client(run=name), model=name) for name in ("alias", "chatty")]
    found.append(ask(served.client(run="deployment"), model="echo-mini"))
    assert found[0] == found[1] == found[2]
    assert paid(simulator) == 1


def test_the_budget_holds_and_counts_in_later_runs(lab: GatewayLab, simulator: Simulator) -> None:
    served = lab.serve(budget_usd=0.0012)
    ask(served.client(), max_tokens=300)
    for _ in range(2):
        with pytest.raises(openai.APIStatusError) as caught:
            ask(served.client(), max_tokens=700)
        assert caught.value.status_code == 402
        assert "budget_usd" in str(caught.value)
    with pytest.raises(openai.BadRequestError, match="max_tokens"):
        ask(served.client(), model="free")
    with pytest.raises(openai.BadRequestError, match="this n has no bound"):
        ask(served.client(), n=2, max_tokens=5)
    used = served.stop()["labels"]["default"]["usd"]
    assert used > 0
    again = lab.serve(budget_usd=used + 1e-6)
    assert said(ask(again.client(), max_tokens=300))  # from the journal
    with pytest.raises(openai.APIStatusError, match=f"{used:.4f} of"):
        ask(again.client(), "another", max_tokens=300)
    assert paid(simulator) == 1


def test_the_bill_counts_what_was_asked_through_the_gateway(
    lab: GatewayLab, capsys: pytest.CaptureFixture[str]
) -> None:
    served = lab.serve("--label", "mine")
    for n in range(3):
        ask(served.client("mine"), f"question {n}")
    usd = served.stop()["labels"]["mine"]["usd"]
    assert main(["bill", "--json", "--configfile", str(lab.folder / "overlay.yaml")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total"]["requests"] == 3
    assert found["total"]["usd"] == pytest.approx(usd)
    assert {row["model"] for row in found["rows"]} == {"echo-mini"}


def test_the_errors_of_a_service_name_no_secret(lab: GatewayLab) -> None:
    with Simulator(keys={"other": {}}, echo_headers=True) as strange:
        lab.base_url = strange.base_url
        served = lab.serve()
        status, found, _ = served.post(
            "/v1/chat/completions",
            {"model": "chatty", "messages": [{"role": "user", "content": "?"}]},
        )
    assert (status, found["error"]["code"]) == (502, "no_key_answers")
    assert not any(f"sk-{alias}" in json.dumps(found) for alias in KEYS)


@pytest.mark.parametrize(
    ("words", "env", "line"),
    [
        (["--host", "0.0.0.0"], {}, "needs --token-env"),
        (["--token-env", "NO_SUCH"], {}, "at least 16 characters"),
        (["--token-env", "SHORT"], {"SHORT": "x"}, "at least 16 characters"),
        (["--label", " "], {}, "printable"),
        (["--host", "192.0.2.1", "--token-env", "T"], {"T": TOKEN}, "--host 192.0.2.1"),
    ],
)
def test_what_cannot_be_served_ends_with_one_line(
    tmp_path: Path, words: list[str], env: dict[str, str], line: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(yaml.safe_dump(config_of(tmp_path, "http://127.0.0.1:9/v1")))
    assert main(["serve", *words, "--configfile", str(overlay)]) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


def test_a_token_of_the_user_serves_all_labels_and_is_not_shown(lab: GatewayLab) -> None:
    served = lab.serve("--label", "a", "--label", "b", "--token-env", "MINE", env={"MINE": TOKEN})
    assert TOKEN not in json.dumps(served.labels)
    for label in ("a", "b"):
        assert said(ask(served.client(label, api_key=TOKEN)))
    assert {n: row["paid"] for n, row in served.stop()["labels"].items()} == {"a": 1, "b": 1}
