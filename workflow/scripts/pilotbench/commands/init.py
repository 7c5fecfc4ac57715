"""Write a config file for the keys that are set in the environment.

No request is sent. Only the names of variables are written, never their values.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from pilotbench.asking.keys.secrets import environment, missing, notes
from pilotbench.asking.prices import price_of
from pilotbench.ground import shipped
from pilotbench.ground.errors import UserError
from pilotbench.matrix import config, config_files
from pilotbench.matrix.config import Settings
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.known_services import KnownService, known_services

OUT = Path("mine.yaml")


@dataclass(frozen=True)
class Usable:
    """Models that can run, the keys that are set per provider, and services without a model.

    `lacking` has one line per key that is not set.
    """

    models: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]
    services: tuple[KnownService, ...]
    lacking: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `init`."""
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="FILE", help=f"file to write (default: {OUT})"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def run(args: argparse.Namespace) -> int:
    """Write the file and print what to do next."""
    settings = config.settings(config_files.read())
    variables = environment()
    found = look(settings, variables)
    for note in notes(settings, found.models, variables):
        print(f"note: {note}", file=sys.stderr)
    if args.out.exists() and not args.force:
        raise UserError(f"{args.out} exists; choose another name with --out, or use --force")
    try:
        args.out.write_text(overlay(settings, found, args.out), encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out: {args.out} cannot be written: {error.strerror}") from None
    if args.json:
        print(json.dumps(asdict(found) | {"file": str(args.out)}, indent=1))
    else:
        print("\n".join(_said(found, args.out)))
    return 0


def look(settings: Settings, variables: Mapping[str, str]) -> Usable:
    """Return which models can run with `variables`."""
    keys: dict[str, tuple[str, ...]] = {}
    lacking: list[str] = []
    for name, provider in settings.providers.items():
        if KINDS[provider.kind].in_process:
            continue
        lines = {alias: missing(settings, [alias], variables) for alias in provider.keys}
        there = tuple(alias for alias, line in lines.items() if not line)
        lacking += [line[0] for line in lines.values() if line]
        if there:
            keys[name] = there
    models = tuple(m.name for m in settings.catalog.values() if m.provider in keys)
    with_models = {settings.catalog[model].provider for model in models}
    services = tuple(
        s
        for s in known_services()
        if s.env
        and variables.get(s.env, "").strip()
        and s.name not in with_models
        and (s.name in keys or s.name not in settings.providers)
    )
    return Usable(models, keys, services, tuple(lacking))


def overlay(settings: Settings, found: Usable, out: Path) -> str:
    """Return the text of the config file."""
    parts = (_experiment(found, out), _models(settings, found), _providers(settings, found))
    return "\n".join(line for part in parts for line in part)


def _experiment(found: Usable, out: Path) -> Iterator[str]:
    models = [*found.models, *(_model(service) for service in found.services)]
    if not models:
        models = ["smollm2-135m"]
    file = shlex.quote(str(out))
    names = ", ".join(json.dumps(model) for model in [*models, "oracle"])
    yield from f"""\
# Your own experiment. Before a paid run:
#   {shipped.COMMAND} check --configfile {file}       check that every key answers
#   {shipped.COMMAND} estimate --configfile {file}    estimate requests, tokens, USD and hours
#   {shipped.BUILD} -n --configfile {file}                     list what would run, and why
# Then: {shipped.BUILD} --configfile {file}
# Every key of config/config.yaml can be set here; other keys keep their values from there.

experiment: mine
models: [{names}]   # the oracle is free: it shows the highest possible score
prompts: [baseline, optimal]      # also: cot, flawed (seven of them), files of your own
tasks: [simple_task, basic_task]  # `all` = the eight of version 4
difficulties: [easy]              # each task takes those of its levels that are listed
instances: 10                     # a larger number adds instances; nothing is asked twice
# budget_usd: 5                   # stop asking at this amount; needs a price for each model
""".splitlines()


def _models(settings: Settings, found: Usable) -> Iterator[str]:
    unpriced = [m for m in found.models if price_of(settings.catalog[m].price) is None]
    if unpriced:
        yield "\n# No known price (USD per million tokens): no estimate in USD and no budget, for:"
        yield f"# {', '.join(unpriced)}"
        yield "# Add price: {input: …, output: …} to their entries in config/models.yaml"
    if not found.services:
        return
    yield "\nmodel_catalog:"
    for service in found.services:
        yield f"  {_model(service)}:   # an example: use any name that the service knows"
        yield f"    provider: {_name(settings, service)}"
        for name, value in service.first_model.items():
            yield f"    {name}: {_flow(value)}"
        yield "    protocol: native             # or json, text: see docs/benchmark_3.md"
        if not _has_price(settings, service):
            yield "    # price: {input: …, output: …}   # USD per million tokens"


def _has_price(settings: Settings, service: KnownService) -> bool:
    """Return whether the price list knows the example of a service."""
    provider = {_name(settings, service): service.provider}
    entry = {**service.first_model, "provider": _name(settings, service)}
    written = config.model(_model(service), entry, provider)
    return price_of(written.price) is not None


def _providers(settings: Settings, found: Usable) -> Iterator[str]:
    new = [s for s in found.services if _name(settings, s) not in settings.providers]
    if new:
        yield "\nproviders:"
    for service in new:
        yield f"  {_name(settings, service)}:"
        for name, value in service.provider.items():
            if name != "keys":
                yield f"    {name}: {_flow(value)}"
        slots = f"slots: {KINDS[service.provider['kind']].default_slots}"
        yield f"    keys: {{{service.name}_own: {{env: {service.env}, {slots}}}}}"
    yield ""


def _flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    written = str(yaml.safe_dump(value, default_flow_style=True, width=10_000))
    return written.removesuffix("...\n").strip()


def _model(service: KnownService) -> str:
    """Return the name of the model's entry, used by no other entry."""
    return f"{service.name}-{service.first_model['deployment'].split('/')[-1]}"


def _name(settings: Settings, service: KnownService) -> str:
    """Return the provider of a service: the one of the config if it has the same URL."""
    known = settings.providers.get(service.name)
    same = known is not None and known.base_url == service.provider.get("base_url")
    return service.name if same else f"own_{service.name}"


def _said(found: Usable, out: Path) -> Iterator[str]:
    for provider, aliases in found.keys.items():
        yield f"found: {provider} ({', '.join(aliases)})"
    for service in found.services:
        if service.name not in found.keys:
            yield f"found: {service.env}"
    if not found.keys and not found.services:
        yield "no key found: the config selects the embedded model, which needs none"
    for line in found.lacking:
        yield f"missing: {line}"
    yield f"written: {out}"
    yield f"next: {shipped.COMMAND} check --configfile {shlex.quote(str(out))}"
