"""Secrets are found by name and shown nowhere."""

from __future__ import annotations

import base64
import codecs
import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from pilotbench.asking.keys.secrets import access, environment, missing, moved, to_set, unused
from pilotbench.ground.errors import ConfigError
from pilotbench.ground.scrubber import Scrubber, looks_secret
from pilotbench.matrix.config import Settings
from pilotbench.providers.settings import Access, Key, ProviderSettings

CANARY = "canary-4f1c/8e+2"


def provider(kind: str = "openai", **settings: Any) -> ProviderSettings:
    """Return a provider with the key `k`."""
    given: dict[str, Any] = {
        "keys": {"k": Key("k", "p", 1, env="P_KEY")},
        "base_url": "http://p/v1",
        **settings,
    }
    return ProviderSettings("p", kind, **given)


def test_the_environment_wins_over_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("# keys\nexport A_KEY='from file'\nB_KEY=also # note\nC_KEY=$A_KEY\nD_KEY\n")
    monkeypatch.setenv("B_KEY", "from environment")
    found = environment(file)
    assert (found["A_KEY"], found["B_KEY"]) == ("from file", "from environment")
    assert found["C_KEY"] == "$A_KEY", "a secret may hold a dollar sign"
    assert "D_KEY" not in found


def test_a_missing_env_file_is_not_an_error(tmp_path: Path) -> None:
    assert "PATH" in environment(tmp_path / ".env")


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_an_empty_variable_does_not_hide_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: str | None
) -> None:
    file = tmp_path / ".env"
    file.write_text("A_KEY=from file\n")
    if empty is not None:
        monkeypatch.setenv("A_KEY", empty)
    monkeypatch.setenv("B_KEY", "")
    found = environment(file)
    assert (found["A_KEY"], found["B_KEY"]) == ("from file", "")


@pytest.mark.parametrize(
    "content",
    [
        "A_KEY=déjà\r\n".encode("utf-8-sig"),
        "A_KEY=déjà\r\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + "A_KEY=déjà\r\n".encode("utf-16-be"),
        "A_KEY='déjà'".encode(),
    ],
)
def test_an_env_file_of_any_editor_is_read(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)
    assert environment(file)["A_KEY"] == "déjà"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("A=1\nB=déjà".encode("latin-1"), "line 2 is not UTF-8; save the file as UTF-8"),
        ("A=密钥".encode("gb18030"), "line 1 is not UTF-8"),
        ("A=1".encode("utf-16-le"), "holds zero bytes; save the file as UTF-8"),
        (codecs.BOM_UTF16_LE + b"A", "line 1 is not UTF-8"),
    ],
)
def test_an_env_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        environment(file)
    assert str(caught.value).startswith(f"{file}: {told}")
    assert "\n" not in str(caught.value)


def test_a_variable_that_redirects_a_provider_is_reported() -> None:
    made = provider(base_url_env="P_URL")
    key, url = made.keys["k"], "http://user:word@other:8/v1"
    assert access(made, key, {"P_KEY": "x", "P_URL": url}).base_url == url
    assert access(made, key, {"P_KEY": "x", "P_URL": " "}).base_url == "http://p/v1"
    told = moved(settings_of(made), ["p", "p"], {"P_URL": url})
    assert told == ["provider p: requests go to other:8, as P_URL says"]
    assert moved(settings_of(made), ["p"], {"P_URL": "http://p/v1/"}) == []


def test_organization_and_project_are_sent_only_to_openai() -> None:
    variables = {"P_KEY": "x", "OPENAI_ORGANIZATION": "org", "OPENAI_PROJECT_ID": " proj "}
    own = provider(base_url="https://eu.api.openai.com/v1")
    told = (("OpenAI-Organization", "org"), ("OpenAI-Project", "proj"))
    assert access(own, own.keys["k"], variables).headers == told
    for url in ("https://api.openai.com.example/v1", "https://xapi.openai.com/v1", "http://p/v1"):
        other = provider(base_url=url)
        assert access(other, other.keys["k"], variables).headers == ()


def test_azure_uses_the_version_from_the_environment_if_the_config_has_none() -> None:
    variables = {"P_KEY": "x", "OPENAI_API_VERSION": "2025-01-01"}
    for version, used in ((None, "2025-01-01"), ("2024-10-21", "2024-10-21")):
        made = provider("azure", api_version=version)
        assert access(made, made.keys["k"], variables).api_version == used


@pytest.mark.parametrize(
    ("kind", "settings", "name", "told"),
    [
        ("openai", {}, "OPENAI_BASE_URL", "write base_url_env: OPENAI_BASE_URL"),
        ("openai", {}, "OPENAI_API_BASE", "set OPENAI_BASE_URL, or write base_url"),
        ("openai", {}, "OPENAI_CUSTOM_HEADERS", "no header is added"),
        ("openai", {"base_url_env": "OPENAI_BASE_URL"}, "OPENAI_BASE_URL", None),
        ("azure", {"api_version": "x"}, "OPENAI_API_VERSION", "the config has api_version"),
        ("azure", {}, "OPENAI_API_VERSION", None),
        ("azure", {}, "AZURE_OPENAI_AD_TOKEN", "a key is used"),
        ("openai", {}, "AZURE_OPENAI_AD_TOKEN", None),
        ("llamacpp", {}, "OPENAI_BASE_URL", None),
    ],
)
def test_an_sdk_variable_without_effect_is_reported(
    kind: str, settings: dict[str, object], name: str, told: str | None
) -> None:
    lines = unused(settings_of(provider(kind, **settings)), ["p"], {name: CANARY})
    if told is None:
        assert lines == []
    else:
        (line,) = lines
        assert line.startswith(f"{name} is set and has no effect: {told}")
        assert CANARY not in line
    assert unused(settings_of(provider(kind, **settings)), ["p"], {name: ""}) == []


@pytest.mark.parametrize(
    ("variables", "every", "told"),
    [
        ({}, False, "set P_URL and one of A, B"),
        ({}, True, "set P_URL and A, B"),
        ({"P_URL": "http://p/v1"}, False, "set one of A, B"),
        ({"P_URL": "http://p/v1", "A": "x"}, False, "set B"),
        ({"A": "x", "B": "x"}, False, "set P_URL"),
        ({"A": "x", "B": "x", "P_URL": "p/v1"}, False, "provider p: the URL in P_URL must begin"),
    ],
)
def test_everything_a_provider_lacks_is_reported_at_once(
    variables: dict[str, str], every: bool, told: str
) -> None:
    keys = {alias: Key(alias, "p", 1, env=alias.upper()) for alias in ("a", "b")}
    made = provider(keys=keys, base_url=None, base_url_env="P_URL")
    assert to_set(made, keys, variables, every).startswith(told)


def test_a_key_may_have_a_base_url_of_its_own() -> None:
    own = Key("k", "p", 1, env="P_KEY", base_url_env="OWN_URL")
    found = access(provider(), own, {"P_KEY": " secret\n", "OWN_URL": "http://own/v1"})
    assert (found.base_url, found.secret) == ("http://own/v1", "secret")


@pytest.mark.parametrize("kind", ["llamacpp", "player"])
def test_an_embedded_provider_needs_no_secret(kind: str) -> None:
    assert access(provider(kind, base_url=None), Key("k", "p", 1), {}).secret == ""


def test_a_local_server_needs_no_secret() -> None:
    assert access(provider(), Key("k", "p", 1), {}) == Access("http://p/v1", "")


@pytest.mark.parametrize(
    ("settings", "variables", "words"),
    [
        ({}, {}, ["key k (provider p)", "P_KEY", ".env"]),
        ({}, {"P_KEY": "  "}, ["P_KEY"]),
        ({"base_url": None, "base_url_env": "P_URL"}, {"P_KEY": "x"}, ["base URL", "P_URL"]),
        ({"base_url": None}, {"P_KEY": "x"}, ["providers.p", "base_url"]),
        ({}, {"P_KEY": "sécret"}, ["P_KEY", "characters"]),
        ({"base_url": None, "base_url_env": "P_URL"}, {}, ["P_URL", "P_KEY"]),
        ({"base_url": "http://p:x/v1"}, {"P_KEY": "x"}, ["provider p: base_url", "port"]),
        (
            {"base_url": None, "base_url_env": "P_URL"},
            {"P_KEY": "x", "P_URL": "http://p/v1?key=sécret"},
            ["the URL in P_URL", "must end before the ?"],
        ),
    ],
)
def test_a_missing_secret_is_one_line_that_names_the_variable(
    settings: dict[str, Any], variables: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        access(provider(**settings), provider().keys["k"], variables)
    line = str(caught.value)
    assert "\n" not in line
    assert all(word in line for word in words), line
    assert "sécret" not in line


def settings_of(made: ProviderSettings) -> Settings:
    return Settings(
        models={}, prompts=(), tasks=(), difficulties=(), tool_success_rates=(), instances=1,
        repeats=1, shard_size=1, max_turns=None, providers={"p": made}, catalog={},
    )  # fmt: skip


def test_missing_has_one_line_for_each_key_that_cannot_be_used() -> None:
    keys = {a: Key(a, "p", 1, env=a.upper()) for a in ("one", "two", "three")}
    settings = settings_of(provider(keys=keys))
    lines = missing(settings, ["one", "two", "three"], {"TWO": "x"})
    assert [line.split()[1] for line in lines] == ["one", "three"]


def test_two_missing_variables_of_a_key_are_one_sentence() -> None:
    settings = settings_of(provider(base_url=None, base_url_env="P_URL"))
    assert missing(settings, ["k"], {}) == [
        "key k (provider p): no base URL and no secret: "
        "set the environment variables P_URL and P_KEY, or write them in .env"
    ]


def test_objects_that_hold_a_secret_do_not_show_it() -> None:
    assert CANARY not in repr(Access("http://p", CANARY)) + repr(Scrubber([CANARY]))


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {CANARY}.",
        f"https://p/v1?key={CANARY.replace('/', '%2F').replace('+', '%2B')}",
        f"Bearer {CANARY}",
        f"proxy http://user:{CANARY}@proxy:8080 refused",
    ],
)
def test_a_secret_is_removed_from_text_of_others(text: str) -> None:
    line = Scrubber([CANARY]).line(text)
    assert "canary" not in line
    assert "***" in line


def test_text_that_looks_like_a_secret_is_removed_even_if_unknown() -> None:
    assert "abcdefgh" not in Scrubber().scrub("key sk-abcdefgh12345 is wrong; bearer abcdefgh")


def test_a_placeholder_is_not_masked_in_every_word() -> None:
    assert Scrubber(["a"]).scrub("banana") == "banana"


def test_a_line_is_one_line_and_bounded() -> None:
    line = Scrubber().line("a\nb\t" + "x" * 1000, limit=50)
    assert "\n" not in line
    assert len(line) == 50


SPLIT = "".join(f"\\u{ord(sign):04X}" if place % 2 else sign for place, sign in enumerate(CANARY))
FORMS = [
    CANARY,
    quote(CANARY, safe=""),
    quote(CANARY),
    quote_plus(CANARY),
    html.escape(CANARY),
    CANARY.replace("/", "\\/"),
    SPLIT,
    SPLIT.replace("\\", "\\\\"),
    CANARY.encode().hex(),
    *(base64.b64encode(f"{'x' * n}{CANARY}:tail".encode()).decode() for n in range(4)),
    *(base64.urlsafe_b64encode(f"{'x' * n}{CANARY}".encode()).decode() for n in range(4)),
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_secret_is_removed_from_an_answer(form: str) -> None:
    message = {"content": f"It is {form}!", "tool_calls": [{"function": {"arguments": form}}]}
    clean = Scrubber([CANARY]).answer({**message, form: 1})
    text = json.dumps(clean)
    assert "***" in clean["content"]
    assert form not in clean["content"]
    assert form not in clean["tool_calls"][0]["function"]["arguments"]
    assert form not in clean
    assert CANARY not in text


@pytest.mark.parametrize("secret", ["", "none", "EMPTY", "lm-studio", "not-needed", "ollama", "1"])
def test_a_placeholder_never_changes_an_answer(secret: str) -> None:
    answer = {
        "content": f"EMPTY none {secret} Bearer abcdefgh sk-abcdefghijkl",
        "n": [1, None, 2.5],
    }
    assert Scrubber([secret]).answer(answer) == answer


def test_a_long_run_of_backslashes_is_scrubbed_in_good_time() -> None:
    text = "\\" * 2_000_000
    assert Scrubber([CANARY]).answer(text) == text


def test_a_path_that_looks_like_a_secret_is_hidden_as_one() -> None:
    path = "f3a91c0de4b2478896aa51c7d0e3b812"
    assert path in Access(f"https://gateway/v1/{path}/openai", "s").hidden
    assert Access("https://gateway/compatible-mode/v1", "s").hidden == ["s"]


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ("OPENAI_API_KEY", False), ("my_very_long_variable_name_number_2", False),
        ("INTERNATIONALIZATION_KEY", False), ("compatible-mode", False), ("sk-test", False),
        ("f3a91c0de4b2478896aa51c7d0e3b812", True), ("hf_AbCdEfGhIjKlMnOpQrStUv", True),
        ("idealabproductionkey1", False), ("MYCOMPANYOPENAIKEY1", False),
        ("OpenaiApiKeyForTesting", False), ("azureopenaieastus2key", False),
        ("Zq3v9LmT7xK2pW8sD4fG6hJ1", True), ("F3A91C0DE4B2478896AA51C7D0E3B812", True),
        ("sk-proj-abcdefgh-1234567890", True),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret(text: str, is_secret: bool) -> None:
    assert looks_secret(text) is is_secret


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"x": inner}])
def test_an_answer_of_any_depth_is_masked(wrap: Callable[[Any], Any]) -> None:
    answer: Any = CANARY
    for _ in range(5000):
        answer = wrap(answer)
    clean = Scrubber([CANARY]).answer(answer)
    for _ in range(5000):
        clean = next(iter(clean.values())) if isinstance(clean, dict) else clean[0]
    assert clean == "***"


def test_an_answer_that_is_masked_is_a_copy() -> None:
    answer = {"a": [CANARY, {"b": 1}]}
    assert Scrubber([CANARY]).answer(answer) == {"a": ["***", {"b": 1}]}
    assert answer == {"a": [CANARY, {"b": 1}]}


def test_a_word_after_basic_is_not_a_secret() -> None:
    assert Scrubber().scrub("basic arithmetic, Basic dXNlcjpwYXNz") == "basic arithmetic, Basic ***"
