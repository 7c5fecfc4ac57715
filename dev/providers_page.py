"""Write the services of docs/providers.md from services.yaml: `python -m dev.providers_page`.

The Chinese page is written too, with the sentences of chinese.yaml. The part above the mark is
written by hand; a test keeps the rest up to date.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from dev.chinese import Say, chinese
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.known_services import KnownService, known_services

PAGE = Path(__file__).resolve().parents[1] / "docs" / "providers.md"
CHINESE_PAGE = PAGE.parent / "zh" / PAGE.name
LANGUAGES: dict[Path, Say] = {PAGE: str, CHINESE_PAGE: chinese}
"""Each page, and what says its sentences."""
HEAD = "| {} | `kind` | `api` | {} | {} |\n|---|---|---|---|---|\n"
MARK = "<!-- from here on written by: python -m dev.providers_page -->\n"


def page(before: str, say: Say = str) -> str:
    """Return the page: the part of `before` above the mark, the table and the entries."""
    services = known_services()
    head = HEAD.format(say("service"), say("what is special"), say("tested here"))
    table = head + "".join(_row(service, say) for service in services)
    return before.split(MARK)[0] + MARK + "\n".join([table, *map(_section, services)])


def _row(service: KnownService, say: Say) -> str:
    anchor = service.title.lower().translate(str.maketrans(" ", "-", "().*"))
    cells = (
        f"[{service.title}](#{anchor})",
        f"`{service.provider['kind']}`",
        say(", ").join(f"`{api}`" for api in _apis(service)),
        say(service.special),
        _tested(service, say),
    )
    return f"| {' | '.join(cells)} |\n"


def _apis(service: KnownService) -> list[str]:
    """Return the wire formats of the service's models, each once."""
    default = service.provider.get("api", KINDS[service.provider["kind"]].api)
    return list(dict.fromkeys(str(model.get("api", default)) for model in service.models.values()))


def _tested(service: KnownService, say: Say) -> str:
    """Return what was tested: with a simulated service, a real one, or not at all."""
    simulated = say(", ").join(f"`{name}`" for name in service.simulated)
    parts = [
        f"{say('simulated')}{say(': ')}{simulated}" if simulated else "",
        say(service.tested) if service.tested else "",
    ]
    return say("; ").join(part for part in parts if part) or say("no")


def _section(service: KnownService) -> str:
    return f"## {service.title}\n\n```yaml\n{_yaml(service.config())}```\n"


def _yaml(value: Any) -> str:
    """Return entries as the config files write them: block style, parameters in one line."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


class _Flow(dict[str, Any]):
    """A mapping that is written in one line."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # yaml has no types
    """Writes `parameters`, `price` and `keys` of an entry in one line."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        pairs = {
            name: _Flow(value) if name in ("parameters", "price", "keys") else value
            for name, value in mapping.items()
        }
        return super().represent_mapping(tag, pairs, flow_style)


_Dumper.add_representer(
    _Flow,
    lambda dumper, value: yaml.SafeDumper.represent_mapping(
        dumper, "tag:yaml.org,2002:map", value, True
    ),
)


if __name__ == "__main__":
    for file, language in LANGUAGES.items():
        file.write_text(page(file.read_text(encoding="utf-8"), language), encoding="utf-8")
