"""Secrets are found by name and shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotbench.config import Key, ProviderSettings, Settings
from pilotbench.errors import ConfigError
from pilotbench.keys.secrets import Access, Scrubber, access, environment, missing

CANARY = "canary-4f1c/8e+2"


def provider(kind: str = "openai", **settings: object) -> ProviderSettings:
    """Return a provider with the key `k`."""
    given = {"keys": {"k": Key("k", "p", 1, env="P_KEY")}, "base_url": "http://p/v1", **settings}
    return ProviderSettings("p", kind, **given)  # type: ignore[arg-type]


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


def test_no_env_file_is_no_error(tmp_path: Path) -> None:
    assert "PATH" in environment(tmp_path / ".env")


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
    ],
)
def test_what_is_missing_is_one_line_that_says_what_to_set(
    settings: dict[str, object], variables: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        access(provider(**settings), provider().keys["k"], variables)
    line = str(caught.value)
    assert "\n" not in line
    assert all(word in line for word in words), line
    assert "sécret" not in line


def test_missing_has_one_line_for_each_key_that_cannot_be_used() -> None:
    keys = {a: Key(a, "p", 1, env=a.upper()) for a in ("one", "two", "three")}
    settings = Settings(
        models={}, prompts=(), tasks=(), difficulties=(), tool_success_rates=(), instances=1,
        repeats=1, shard_size=1, max_turns=None, providers={"p": provider(keys=keys)}, catalog={},
    )  # fmt: skip
    lines = missing(settings, ["one", "two", "three"], {"TWO": "x"})
    assert [line.split()[1] for line in lines] == ["one", "three"]


def test_a_secret_is_not_shown_by_what_holds_it() -> None:
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
def test_a_secret_is_taken_out_of_what_others_wrote(text: str) -> None:
    line = Scrubber([CANARY]).line(text)
    assert "canary" not in line
    assert "***" in line


def test_what_looks_like_a_secret_is_taken_out_though_it_is_not_known() -> None:
    assert "abcdefgh" not in Scrubber().scrub("key sk-abcdefgh12345 is wrong; bearer abcdefgh")


def test_a_placeholder_is_not_masked_in_every_word() -> None:
    assert Scrubber(["a"]).scrub("banana") == "banana"


def test_a_line_is_one_line_and_bounded() -> None:
    line = Scrubber().line("a\nb\t" + "x" * 1000, limit=50)
    assert "\n" not in line
    assert len(line) == 50
