"""Let programs that speak OpenAI's API ask through the keys, budget and journal.

It serves `/v1/chat/completions`, `/v1/responses` and `/v1/models` on this machine, and prints the
base URL and the token to give to the program. `model` is an entry of model_catalog. What is asked
again under the same label is answered from the journal (docs/integration.md). Ctrl-C waits for the
requests in flight.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import threading
import time
from functools import partial
from typing import Any
from urllib.parse import quote

from pilotbench.asking.keys.secrets import environment
from pilotbench.asking.label_asker import LabelAsker, begin, state_folder
from pilotbench.commands.options import add_config, experiment_of
from pilotbench.episodes.spending import spent
from pilotbench.gateway.labels import Labels, from_variable, generated
from pilotbench.gateway.server import Server, is_loopback
from pilotbench.gateway.service import Gateway
from pilotbench.ground.errors import ConfigError
from pilotbench.matrix.config import Settings

Json = dict[str, Any]
DEFAULT_LABEL = "default"
PROGRESS_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `serve`."""
    add_config(parser)
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME",
        help=f"who asks, such as a harness and its task; may be given several times "
        f"(default: {DEFAULT_LABEL})",
    )
    parser.add_argument(
        "--token-env",
        metavar="VARIABLE",
        help="the variable that holds the token of all labels (default: one is generated for "
        "each label and kept)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: 127.0.0.1); one that other machines reach needs "
        "--token-env",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on (default: a free one)"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM, then wait for the requests in flight."""
    experiment = experiment_of(args)
    settings = experiment.settings
    gateway = Gateway(settings.catalog, labels_of(args, settings), partial(LabelAsker, settings))
    begin(experiment, lambda shard: spent(experiment, shard))
    with Server(args.host, args.port, gateway) as server:
        _serve(server, gateway, args)
    gateway.close()
    if args.json:
        print(json.dumps(gateway.totals()), flush=True)
    else:
        print("\n".join(lines(gateway.totals())), flush=True)
    return 0


def labels_of(args: argparse.Namespace, settings: Settings) -> Labels:
    """Return the labels and their tokens. Raises ConfigError."""
    names = list(dict.fromkeys(args.label or [DEFAULT_LABEL]))
    for name in names:
        if not name.strip() or not name.isprintable():
            raise ConfigError(f"--label {name!r}: must be a name of printable characters")
    if args.token_env is not None:
        return from_variable(names, args.token_env, environment())
    if not is_loopback(args.host):
        raise ConfigError(
            f"--host {args.host}: other machines reach it, so it needs --token-env VARIABLE"
        )
    return generated(names, state_folder(settings))


def announcement(origin: str, labels: Labels, variable: str | None) -> Json:
    """Return the base URL and the token of each label; a token of the user is not shown."""
    rows = {}
    for label, token in labels.tokens.items():
        shown = {"token": token} if variable is None else {"token_env": variable}
        rows[label] = {"base_url": f"{origin}/label/{quoted(label)}/v1", **shown}
    return {"base_url": f"{origin}/v1", "labels": rows}


def quoted(label: str) -> str:
    """Return a label as a part of a URL."""
    return quote(label, safe="")


def text(found: Json) -> str:
    """Return the announcement as the lines to paste into a shell."""
    rows = []
    for label, row in found["labels"].items():
        token = shlex.quote(row["token"]) if "token" in row else f'"${row["token_env"]}"'
        rows += [
            f"# label {label}",
            f"export OPENAI_BASE_URL={shlex.quote(row['base_url'])}",
            f"export OPENAI_API_KEY={token}",
        ]
    return "\n".join(rows)


def lines(totals: Json) -> list[str]:
    """Return one line per label that was used."""
    found = []
    for label, row in totals["labels"].items():
        if not (row["paid"] or row["replayed"] or row["failed"]):
            continue
        cost = f"{row['usd']:.4f} USD"
        cost += f" and {row['unknown']} of unknown cost" if row["unknown"] else ""
        line = f"{label}: {row['paid']} asked ({cost}), {row['replayed']} from the journal"
        found.append(f"{line}, {row['failed']} failed" if row["failed"] else line)
        worst = sorted(row["errors"].items(), key=lambda pair: -pair[1])[:3]
        found += [f"  {count} x {message}" for message, count in worst]
    return found or ["nothing was asked"]


def _serve(server: Server, gateway: Gateway, args: argparse.Namespace) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    found = announcement(server.origin, gateway.labels, args.token_env)
    print(json.dumps(found) if args.json else text(found), flush=True)
    _watch(gateway, stop, quiet=args.json)
    gateway.stopping.set()  # what waits for a slot or for another attempt is not sent
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # the second one ends at once
    if not gateway.drained(0.0) and not args.json:
        count = gateway.totals()["in_flight"]
        print(f"waiting for {count} requests in flight; Ctrl-C again ends at once", file=sys.stderr)
    gateway.drained()
    server.shutdown()


def _watch(gateway: Gateway, stop: threading.Event, quiet: bool) -> None:
    """Wait until `stop`; print what was asked whenever it has changed."""
    last, due = gateway.totals(), time.monotonic() + PROGRESS_S
    while not stop.wait(0.2):
        if quiet or time.monotonic() < due:
            continue
        due, now = time.monotonic() + PROGRESS_S, gateway.totals()
        if now["labels"] != last["labels"]:
            print(f"{'; '.join(lines(now))}; {now['in_flight']} in flight", file=sys.stderr)
            last = now
