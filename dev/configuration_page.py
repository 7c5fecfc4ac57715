"""Write the tables of config keys, kinds and formats: `python -m dev.configuration_page`.

The tables of docs/configuration.md and docs/packs.md come from the schemas, those of
docs/services.md from the declared kinds, wire formats and finish reasons. A table is between
`<!-- begin: NAME -->` and `<!-- end: NAME -->`; everything else is written by hand. A test keeps
pages and declarations in step. The tables of docs/zh/services.md are written with the sentences of
chinese.yaml.

Each row of the other Chinese pages ends with a comment: the digest of the English row that it
translates. Defaults of kinds are written in both languages and are not part of the digest. A test
names the rows whose English text has changed since. After translating them again:

    python -m dev.configuration_page --translated

records the present digests.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dev.benchmark_page import page
from dev.chinese import Say, chinese
from pilotbench.ground import schemas
from pilotbench.ground.canonical_json import digest
from pilotbench.matrix.validation import schema_of
from pilotbench.providers.finish_reasons import REASONS
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
SERVICES = PAGE.with_name("services.md")
PACKS = PAGE.with_name("packs.md")
EXTERNAL = PAGE.with_name("external.md")
TRANSLATED = (PAGE, PACKS, EXTERNAL)
"""The pages whose Chinese twin has the digests of its rows."""
ROW = re.compile(r"^\| `([\w.]+)` \| ([^|]*) \| (.*?)(?: <!-- (\w+) -->)? \|$", re.MULTILINE)
"""A row: its key, default, meaning and, if it is a translation, the digest of its original."""
HEAD = "| key | default | meaning |\n|---|---|---|"
BY_KIND = re.compile(r" Default by kind: (.*)\.$")
BY_KIND_TRANSLATED = re.compile(r"各种类的默认值：.*$")


def parts() -> dict[str, str]:
    """Return each table by its name."""
    provider = schema_of("providers")["additionalProperties"]["properties"]
    key = provider["keys"]["additionalProperties"]["properties"]
    return {
        "config_keys": _table(schema_of("config")["properties"]),
        "provider_keys": _table({name: rule for name, rule in provider.items() if name != "keys"}),
        "key_keys": _table(key),
        "model_keys": _table(schema_of("models")["additionalProperties"]["properties"]),
    }


def packs() -> dict[str, str]:
    """Return each table of docs/packs.md by its name."""
    schema = schemas.load("task_folder")
    return {"pack_keys": _table(schema["properties"])}


def external() -> dict[str, str]:
    """Return each table of docs/external.md by its name."""
    schema = schemas.load("external_task")
    return {"external_keys": _table(schema["properties"])}


def twin(page: Path) -> Path:
    """Return the Chinese page of an English one."""
    return page.parent / "zh" / page.name


def services(say: Say = str) -> dict[str, str]:
    """Return each table of docs/services.md by its name."""
    return {
        "provider_kinds": _kinds(say),
        "wire_formats": _formats(say),
        "finish_reasons": _reasons(say),
    }


def _formats(say: Say) -> str:
    rows = (f"| `{wire.name}` | {say(wire.sentence)} |" for wire in WIRE_FORMATS.values())
    return "\n".join([f"| `api` | {say('format')} |", "|---|---|", *rows])


def _kinds(say: Say) -> str:
    head = (
        f"| `kind` | {say('requests go to')} | {say('`slots` by default')} "
        f"| {say('`retry_for_s` by default')} | `lane: batch` |",
        "|---|---|---|---|---|",
    )
    rows = (
        f"| `{kind.name}` | {say(kind.sentence)} | {kind.default_slots} | {kind.retry_for_s:g} "
        f"| {'–' if kind.batches is None else say('yes')} |"
        for kind in KINDS.values()
    )
    return "\n".join([*head, *rows])


def _reasons(say: Say) -> str:
    rows = (
        f"| {say(meaning.value)} | {say(', ').join(f'`{word}`' for word in words.split())} |"
        for meaning, words in REASONS.items()
    )
    return "\n".join([f"| {say('meaning')} | {say('reasons')} |", "|---|---|", *rows])


def _table(properties: Json) -> str:
    return "\n".join([HEAD, *_rows(properties)])


def _rows(properties: Json, prefix: str = "") -> Iterator[str]:
    """Yield one row per key; the keys of an object follow it, with its name and a dot."""
    for name, rule in properties.items():
        meaning = rule["description"].removesuffix(".")
        yield f"| `{prefix}{name}` | {_default(rule)} | {meaning}. |"
        yield from _rows(rule.get("properties", {}), f"{prefix}{name}.")


def _default(rule: Json) -> str:
    """Return the default as it is written in YAML; nothing if there is none."""
    value = rule.get("default")
    if value is None:
        return ""
    text = json.dumps(value) if not isinstance(value, str) else value
    return f"`{text.replace(chr(34), '')}`"


def outdated(original: str, translation: str) -> list[str]:
    """Return the keys of the rows whose original is not the one that was translated."""
    pairs = zip(_digests(original), ROW.finditer(translation), strict=True)
    return [row[1] for present, row in pairs if row[4] != present]


def translated(original: str, translation: str) -> str:
    """Return the translation with the digest of its original in each row."""
    present = iter(_digests(original))

    def row(found: re.Match[str]) -> str:
        return f"| `{found[1]}` | {found[2]} | {found[3]} <!-- {next(present)} --> |"

    return ROW.sub(row, translation)


def _digests(original: str) -> list[str]:
    return [digest([row[1], BY_KIND.sub("", row[3])])[:8] for row in ROW.finditer(original)]


def with_defaults(original: str, translation: str) -> str:
    """Return the translation with the defaults of the kinds that the original has."""
    stated = (BY_KIND.search(row[3]) for row in ROW.finditer(original))

    def row(found: re.Match[str]) -> str:
        defaults = next(stated)
        if defaults is None:
            return found[0]
        values = f"各种类的默认值：{defaults[1].replace(', ', '、')}"
        meaning = BY_KIND_TRANSLATED.sub(values, found[3])
        return f"| `{found[1]}` | {found[2]} | {meaning} <!-- {found[4]} --> |"

    return ROW.sub(row, translation)


def main(after_translation: bool) -> None:
    """Write the tables, and the digests of the rows if they are translated."""
    for file, tables in (
        (PAGE, parts()),
        (SERVICES, services()),
        (twin(SERVICES), services(chinese)),
        (PACKS, packs()),
        (EXTERNAL, external()),
    ):
        file.write_text(page(file.read_text(encoding="utf-8"), tables), encoding="utf-8")
    for file in TRANSLATED:
        text = file.read_text(encoding="utf-8")
        translation = with_defaults(text, twin(file).read_text(encoding="utf-8"))
        twin(file).write_text(
            translated(text, translation) if after_translation else translation, "utf-8"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--translated", action="store_true", help="every Chinese row is current")
    main(parser.parse_args().translated)
