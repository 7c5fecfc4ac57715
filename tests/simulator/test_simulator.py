"""The provider simulator: what it allows, draws, answers and counts."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.commands import check, init, key_checks
from pilotbench.commands.simulate import SETUP
from pilotbench.ground.job_context import alive
from pilotbench.matrix import config, config_files
from pilotbench.matrix.experiment import load_experiment
from pilotbench.simulator import config_lines
from pilotbench.simulator.ground import setup as settings
from support import Simulator

Json = dict[str, Any]
TOOLS = [{"type": "function", "function": {"name": n, "parameters": {}}} for n in ("a", "finish")]
ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


def question(text: object, model: str = "echo", **more: Any) -> Json:
    return {"model": model, "messages": [{"role": "user", "content": f"<<{text}>>"}], **more}


class Reply:
    """A response: status, headers, body (parsed where it is JSON)."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        raw = response.read()
        try:
            self.body: Any = json.loads(raw)
        except ValueError:
            self.body = None

    @property
    def message(self) -> Json:
        message: Json = self.body["choices"][0]["message"]
        return message

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])


def ask(simulator: Simulator, body: Json, key: str = "k", timeout: float = 60) -> Reply:
    client = http.client.HTTPConnection(simulator.address.removeprefix("http://"), timeout=timeout)
    try:
        headers = {"Authorization": f"Bearer {simulator.secret(key)}"}
        client.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        return Reply(client.getresponse())
    finally:
        client.close()


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(scope="module")
def plain() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


def test_the_openai_client_gets_message_usage_and_model(plain: Simulator) -> None:
    import openai

    with openai.OpenAI(base_url=plain.base_url, api_key="any", max_retries=0) as client:
        said = client.chat.completions.create(**question("42"))
    assert said.choices[0].message.content == "42"
    assert said.choices[0].finish_reason == "stop"
    assert said.model == "echo"
    assert said.usage is not None
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens


def test_the_azure_client_names_its_deployment() -> None:
    import openai

    with (
        Simulator(keys={"k": {"secret": "hush"}}) as simulator,
        openai.AzureOpenAI(
            azure_endpoint=simulator.address, api_key="hush", api_version="1", max_retries=0
        ) as client,
    ):
        said = client.chat.completions.create(**question("42", model="gpt-x"))
        assert said.model == "gpt-x"
        assert simulator.stats()["keys"]["k"]["answered"] == 1


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"tools": TOOLS}, {"tool": "finish", "arguments": {"answer": "42"}}),
        ({"response_format": {}}, "42"),
        ({"response_format": {"type": "json_schema"}}, None),
    ],
)
def test_echo_answers_in_the_form_that_is_asked_for(
    plain: Simulator, more: Json, wanted: Any
) -> None:
    message = ask(plain, question("42", **more)).message
    if "tool_calls" in message:
        function = message["tool_calls"][0]["function"]
        call = {"tool": function["name"], "arguments": json.loads(function["arguments"])}
        assert call == wanted
    elif wanted:
        assert message["content"] == wanted
    else:
        assert json.loads(message["content"])["tool"] == "finish"


def converse(simulator: Simulator, text: str, model: str) -> int:
    """Play an episode of native calls to its end and return the number of its turns."""
    body = question(text, model, tools=TOOLS)
    for turn in range(1, 20):
        message = ask(simulator, body).message
        call = message["tool_calls"][0]
        if call["function"]["name"] == "finish":
            return turn
        reply = {"role": "tool", "tool_call_id": call["id"], "content": "{}"}
        body["messages"] = [*body["messages"], message, reply]
    raise AssertionError("no end")


def test_turns_of_a_conversation_are_one_episode_of_the_schedule() -> None:
    with Simulator(keys={"k": {}}, latency_s=0.01) as simulator:
        assert [converse(simulator, text, "turns-3") for text in "abc"] == [3, 3, 3]
        schedule = simulator.stats(slots=2)["schedule"]
    assert schedule["episodes"] == 3
    assert schedule["list_s"] == pytest.approx(0.06)
    assert schedule["bound_s"] == pytest.approx(0.045)


def test_a_key_refuses_what_is_over_its_slots_and_counts_it() -> None:
    with Simulator(keys={"k": {"slots": 2}}, latency_s=0.1) as simulator:
        simulator.hold()
        with ThreadPoolExecutor(5) as threads:
            asked = threads.map(lambda n: ask(simulator, question(n)), range(5))
            assert eventually(lambda: simulator.stats()["total"]["requests"] == 5)
            simulator.release()
            replies = list(asked)
        stats = simulator.stats(series=True)
    assert sorted(reply.status for reply in replies) == [200, 200, 429, 429, 429]
    refused = next(reply for reply in replies if reply.status == 429)
    assert refused.code == "rate_limit_exceeded"
    assert float(refused.headers["retry-after"]) == 1
    key = stats["keys"]["k"]
    assert (key["requests"], key["answered"], key["429"]) == (5, 2, 3)
    assert (key["in_flight_max"], key["in_flight"]) == (2, 0)
    assert key["slot_seconds"] >= 2 * 0.1
    assert sorted(one["status"] for one in stats["series"]) == [200, 200, 429, 429, 429]


@pytest.mark.parametrize(
    ("limit", "name", "allowed"), [({"rpm": 2}, "requests", 2), ({"tpm": 30}, "tokens", 1)]
)
def test_a_key_refuses_what_is_over_its_minute(limit: Json, name: str, allowed: int) -> None:
    with Simulator(keys={"k": limit}, window_s=3600) as simulator:
        replies = [ask(simulator, question(number)) for number in range(3)]
        assert [reply.status for reply in replies] == [200] * allowed + [429] * (3 - allowed)
        assert replies[0].headers[f"x-ratelimit-limit-{name}"] == str(*limit.values())
        assert 0 < float(replies[-1].headers["retry-after"]) <= 3600


def test_a_minute_that_is_over_counts_no_more() -> None:
    with Simulator(keys={"k": {"rpm": 1}}, window_s=0.2) as simulator:
        ask(simulator, question("first"))
        assert eventually(lambda: ask(simulator, question("later")).status == 200)


@pytest.mark.parametrize(
    ("setup", "answered", "status", "code"),
    [
        ({"unauthorized": True}, 0, 401, "invalid_api_key"),
        ({"quota_requests": 1}, 1, 429, "insufficient_quota"),
    ],
)
def test_a_key_can_be_dead(setup: Json, answered: int, status: int, code: str) -> None:
    with Simulator(keys={"k": setup, "other": {}}) as simulator:
        replies = [ask(simulator, question(number)) for number in range(answered + 2)]
        assert [reply.status for reply in replies] == [200] * answered + [status] * 2
        assert replies[-1].code == code
        assert "retry-after" not in replies[-1].headers
        assert ask(simulator, question("x"), key="other").status == 200
        assert ask(simulator, question("x"), key="unknown").status == 401


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("error_500", 500, "server_error"),
        ("unauthorized", 401, "invalid_api_key"),
        ("insufficient_quota", 429, "insufficient_quota"),
        ("rejected", 400, "invalid_request"),
        ("content_filter", 400, "content_filter"),
        ("context_overflow", 400, "context_length_exceeded"),
    ],
)
def test_a_fault_is_an_error_of_its_own_code(fault: str, status: int, code: str) -> None:
    with Simulator(keys={"k": {}}, faults={fault: 1}) as simulator:
        reply = ask(simulator, question(1))
        assert (reply.status, reply.code) == (status, code)
        stats = simulator.stats()
    assert stats["faults"] == {fault: 1}
    assert stats["total"]["answered"] == 0


@pytest.mark.parametrize(
    ("fault", "error", "timeout"),
    [
        ("reset", ConnectionResetError, 60),
        ("hang", TimeoutError, 0.5),
        ("truncated", http.client.IncompleteRead, 60),
        ("slow_drip", TimeoutError, 0.5),
    ],
)
def test_a_fault_breaks_the_connection(fault: str, error: type[Exception], timeout: float) -> None:
    # A drip is too quick for a read timeout here; its hang ends the wait.
    setup = {"drip_s": 0.9, "hang_s": 60}
    with Simulator(keys={"k": {}}, faults={fault: 1}, **setup) as simulator:
        with pytest.raises(error):
            ask(simulator, question(1), timeout=timeout)
        assert eventually(lambda: simulator.stats()["total"]["in_flight"] == 0)
        assert simulator.stats()["total"]["answered"] == 0


@pytest.mark.parametrize(
    ("fault", "holds"),
    [
        ("malformed", lambda reply: reply.body is None),
        ("wrong_model", lambda reply: reply.body["model"] == "another-model"),
        (
            "filtered",
            lambda reply: reply.body["choices"][0]["finish_reason"] == "content_filter",
        ),
        ("length", lambda reply: reply.body["choices"][0]["finish_reason"] == "length"),
    ],
)
def test_a_fault_spoils_the_answer(fault: str, holds: Callable[[Reply], bool]) -> None:
    with Simulator(keys={"k": {}}, faults={fault: 1}) as simulator:
        reply = ask(simulator, question("a long answer"))
    assert reply.status == 200
    assert holds(reply)


def test_passing_faults_pass_and_lasting_ones_last() -> None:
    shares = {"error_500": 0.3, "rejected": 0.3}
    with Simulator(keys={"k": {}}, faults=shares) as simulator:

        def statuses(number: int) -> list[int]:
            return [ask(simulator, question(number)).status for _ in range(6)]

        found = [statuses(number) for number in range(60)]
    rejected = [one for one in found if 400 in one]
    assert all(one == [400] * 6 for one in rejected)
    assert 6 <= len(rejected) <= 32
    others = [status for one in found if one not in rejected for status in one]
    assert 0.15 <= others.count(500) / len(others) <= 0.45
    assert all(200 in one for one in found if one not in rejected)


def test_draws_do_not_depend_on_the_order_of_asking() -> None:
    def seen(numbers: list[int]) -> tuple[dict[int, int], float]:
        setup: dict[str, Any] = {"latency_s": 0.002, "sigma": 0.6, "faults": {"error_500": 0.5}}
        with Simulator(keys={"k": {}}, **setup) as simulator:
            statuses = {n: ask(simulator, question(n)).status for n in numbers}
            return statuses, simulator.stats(slots=1)["schedule"]["list_s"]

    forward, forward_s = seen(list(range(20)))
    backward, backward_s = seen(list(range(19, -1, -1)))
    assert forward == backward
    assert set(forward.values()) == {200, 500}
    assert forward_s == pytest.approx(backward_s)


def test_chosen_texts_are_rejected_for_ever() -> None:
    with Simulator(keys={"k": {}}, reject_containing=["7>>"]) as simulator:
        assert [ask(simulator, question(n)).status for n in (6, 7, 8, 17)] == [200, 400, 200, 400]


def test_a_conversation_that_is_too_long_overflows() -> None:
    with Simulator(keys={"k": {}}, context_tokens=100) as simulator:
        assert ask(simulator, question("short")).status == 200
        assert ask(simulator, question("long " * 200)).code == "context_length_exceeded"


@pytest.mark.parametrize(("repeats", "again"), [(1, 2), (2, 1), (3, 0)])
def test_what_is_answered_again_is_told(repeats: int, again: int) -> None:
    with Simulator(keys={"k": {}}, repeats=repeats) as simulator:
        for _ in range(3):
            ask(simulator, question(1))
        ask(simulator, question(2))
        stats = simulator.stats()
        assert stats["keys"]["k"]["paid_again"] == len(stats["paid_again"]) == again
        assert all(one["first_answered"] < one["again"] for one in stats["paid_again"])
        simulator.reset()
        assert simulator.stats()["total"]["requests"] == 0


@pytest.mark.parametrize(("released", "statuses"), [(True, [200]), (False, [429])])
def test_a_client_that_goes_away_is_no_answer(released: bool, statuses: list[int]) -> None:
    setup = {"latency_s": 0.01, "release_on_disconnect": released}
    with Simulator(keys={"k": {"slots": 1}}, **setup) as simulator:
        simulator.hold()
        with pytest.raises(TimeoutError):
            ask(simulator, question(1), timeout=0.5)
        assert eventually(lambda: simulator.stats()["total"]["abandoned"] == 1)
        if released:
            simulator.release()
        assert [ask(simulator, question(1)).status] == statuses
        simulator.release()
        assert eventually(lambda: simulator.stats()["total"]["in_flight"] == 0)
        assert simulator.stats()["total"]["answered"] == statuses.count(200)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/models", "", 200),
        ("GET", "/nowhere", "", 404),
        ("POST", "/v1/chat/completions", "no json", 400),
        ("POST", "/v1/chat/completions", '{"messages": []}', 400),
        ("POST", "/openai/deployments/d/chat/completions", "{}", 404),
        ("POST", "/some/gateway/v1/chat/completions", json.dumps(question(1)), 200),
    ],
)
def test_other_requests_are_answered_too(
    plain: Simulator, method: str, path: str, body: str, status: int
) -> None:
    client = http.client.HTTPConnection(plain.address.removeprefix("http://"), timeout=60)
    client.request(method, path, body)
    assert client.getresponse().status == status
    client.close()


def test_one_connection_serves_many_requests(plain: Simulator) -> None:
    client = http.client.HTTPConnection(plain.address.removeprefix("http://"), timeout=60)
    for number in range(5):
        client.request("POST", "/v1/chat/completions", json.dumps(question(number)))
        assert Reply(client.getresponse()).message["content"] == str(number)
    client.close()


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ({"latency": 1}, "latency is not a setting"),
        ({"keys": {"k": {"slot": 5}}}, "keys.k: slot is not a setting"),
        ({"latency_s": "long"}, "latency_s is 'long'; must be a number"),
        ({"keys": {"k": {"rpm": "many"}}}, "keys.k: rpm is 'many'; must be a number"),
        ({"faults": {"error_501": 0.1}}, "error_501"),
        ({"faults": {"reset": 0.6, "hang": 0.6}}, "add up to more than 1"),
    ],
)
def test_a_wrong_set_up_is_one_line(setup: Json, words: str, tmp_path: Path) -> None:
    (tmp_path / "setup.json").write_text(json.dumps(setup))
    process = simulate("--setup", str(tmp_path / "setup.json"))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.count("\n") == 1
    assert words in errors


def test_a_small_number_is_one_however_it_is_written(tmp_path: Path) -> None:
    """Python writes 0.00005 as 5e-05, which YAML reads as a text."""
    (tmp_path / "setup.json").write_text(json.dumps({"per_input_token_s": 0.00005}))
    assert settings.load(tmp_path / "setup.json", {}).per_input_token_s == 0.00005


def simulate(*flags: str, folder: Path = TESTS) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pilotbench", "simulate", *flags],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_flags_set_it_up_and_closing_its_input_ends_it() -> None:
    flags = ["--key", "a:1", "--key", "b::60", "--latency", "0.01", "--fault", "error_500=1"]
    process = simulate("--setup", "none", *flags, "--until-stdin-closes")
    assert process.stdout is not None
    address = process.stdout.readline().strip().removeprefix("http://").removesuffix("/v1")
    client = http.client.HTTPConnection(address, timeout=60)
    client.request("POST", "/v1/chat/completions", json.dumps(question(1)), {"api-key": "sk-b"})
    assert Reply(client.getresponse()).status == 500
    client.close()
    process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize("model", ["sim-100", "sim-100-no_retry_oracle", "sim-100-plan_follower"])
def test_models_play_the_packs_that_are_named(model: str) -> None:
    flags = ["--setup", "none", "--tasks", "everyday_arithmetic", "--until-stdin-closes"]
    process = simulate(*flags, folder=ROOT)
    assert process.stdout is not None
    address = process.stdout.readline().strip().removeprefix("http://").removesuffix("/v1")
    instance = QuestionPack(ROOT / "config/tasks/everyday_arithmetic").instance("none", 3)
    body = {"model": model, "messages": [{"role": "user", "content": instance.request}]}
    client = http.client.HTTPConnection(address, timeout=60)
    client.request("POST", "/v1/chat/completions", json.dumps(body), {"api-key": "any"})
    said = json.loads(client.getresponse().read())["choices"][0]["message"]["content"]
    client.close()
    process.communicate(timeout=60)
    assert said == str(instance.extra["answer"])


def test_it_ends_when_its_time_is_over() -> None:
    process = simulate("--setup", "none", "--lifetime", "0.2")
    assert process.wait(timeout=60) == 0
    process.communicate()


def test_it_does_not_outlive_its_parent() -> None:
    code = (
        "import subprocess, sys, time\n"
        "words = ['-m', 'pilotbench', 'simulate', '--setup', 'none']\n"
        "p = subprocess.Popen([sys.executable, *words], stdout=-1)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=TESTS, stdout=-1, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert eventually(lambda: not alive(child))


def test_what_make_simulate_tells_to_export_opens_the_endpoints_of_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ROOT / "workflow/scripts/pilotbench/simulator/simulate.yaml"
    assert file == SETUP
    assert "pilotbench simulate" in Path("Makefile").read_text()
    with Simulator(**yaml.safe_load(file.read_text())) as simulator:
        lines = [simulator.line() for _ in settings.load(file, {}).environment]
        for name, value in (line.removeprefix("export ").split("=", 1) for line in lines):
            monkeypatch.setenv(name, value)
        found = init.look(config.settings(config_files.read()), dict(os.environ))
        assert found.models == ("gpt-4o-mini", "qwen2.5-3b-instruct", "qwen2.5-7b-instruct")
        chosen = {"models": list(found.models), "limits_dir": str(tmp_path), "tasks": "simple_task"}
        rows = key_checks.check(load_experiment(config_files.read((), chosen)))
        monkeypatch.delenv("IDEALAB_API_KEY_3")
        fewer = key_checks.check(load_experiment(config_files.read((), chosen)))
        strict = key_checks.check(
            load_experiment(config_files.read((), {**chosen, "routing": "by_prompt"}))
        )
        overlay = {**families_printed_by(simulator), "tasks": "simple_task"}
        families = key_checks.check(
            load_experiment(config_files.read((), {**overlay, "limits_dir": str(tmp_path)}))
        )
        assert simulator.stats()["refusals"] == {}
    assert [(row.model, row.problem) for row in families] == [
        (name, None) for name in overlay["models"]
    ]
    assert [row.problem for row in rows] == [None] * 7
    assert not [row for row in fewer if row.problem]
    told = check.text(fewer).splitlines()
    assert "idealab_key3 is not set: the other keys of its provider do its work" in told
    assert told[-1] == "7 of 7 checks passed"
    assert [row.key for row in strict if row.problem] == ["idealab_key3"] * 2


def families_printed_by(simulator: Simulator) -> Json:
    """Return the experiment that is printed after the variables."""
    assert simulator.line() == ""
    assert simulator.line().startswith("# To play these models")
    lines = len(config_lines.lines(settings.load(SETUP, {}), "").splitlines())
    return yaml.safe_load("\n".join(simulator.line(indented=True) for _ in range(lines)))
