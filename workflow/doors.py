"""The predecessor's scripts: translate their options into one snakemake command and run it.

`python workflow/doors.py DOOR WORD…`, where DOOR is the name of a script in the top-level folder.
There is no second scheduler here: the process becomes the command that it prints. If no environment
is active, it is created first. All words after `--` are passed to snakemake unchanged.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from pilotbench.matrix.config import Settings

ROOT = Path(__file__).resolve().parents[1]
KEYS = {
    "models": ("-m", "--model", "--models"),
    "prompts": ("-p", "--prompt-types", "--prompts"),
    "tasks": ("-t", "--task-types", "--tasks"),
    "instances": ("-n", "--num-instances", "--instances"),
    "difficulties": ("-d", "--difficulty", "--difficulties"),
    "tool_success_rates": ("--tool-success-rate",),
}
"""Config key -> the flags that set it."""
VARIABLES = {
    "instances": "NUM_INSTANCES",
    "difficulties": "DIFFICULTY",
    "tasks": "TASK_TYPES",
    "prompts": "PROMPT_TYPES",
}
"""Config key -> the environment variable that sets it if no flag does."""
GONE = {
    "--adaptive": "each key adapts to what its provider accepts",
    "--no-adaptive": "a key adapts to 429s only; its slots, rpm and tpm are fixed",
    "--prompt-parallel": "everything without a result runs in parallel",
    "--sequential-prompts": "the order does not matter: all models get the same instances",
    "--provider-parallel": "each key has its own slots, so all providers work at once",
    "--save-logs": "every shard has a log in results/logs, one line per episode",
    "--no-save-logs": "every shard has a log in results/logs, one line per episode",
    "--checkpoint-interval": "every answer is on disk before it is used",
    "--batch-commit": "every answer is on disk before it is used",
}
"""Flags that no longer have an effect, and why."""
SLOW = "it would run on this machine for hours; to run it, name it"
WITH_VALUE = ("--checkpoint-interval",)
ENVIRONMENT = f"Flags take precedence over {', '.join(VARIABLES.values())}."
NO_MAKE = (
    "make is not installed: install it (apt-get install make), or create the environment manually: "
    "python3 -m venv .venv && "
    ".venv/bin/pip install --constraint envs/constraints.txt --editable '.[dev]'"
)
SEVERAL = {
    "--config": ("--config", "-C"),
    "--resources": ("--resources", "--res"),
    "--configfile": ("--configfile", "--configfiles"),
}
"""Flag of snakemake that takes several values -> its names."""


@dataclass
class Command:
    """The arguments for snakemake: targets, config keys, resources, overlays, other words."""

    targets: list[str] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    resources: dict[str, int] = field(default_factory=dict)
    overlays: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def line(self) -> list[str]:
        """Return the words after `snakemake`: the user's unchanged, then the door's flags.

        Snakemake uses only the last of repeated flags, so the door's repeats the user's values.
        """
        end = self.words.index("--") if "--" in self.words else len(self.words)
        theirs = given(self.words[:end])
        flags: list[str] = []
        for flag, own in (
            ("--config", [f"{key}={value}" for key, value in self.config.items()]),
            ("--resources", [f"{key}={value}" for key, value in self.resources.items()]),
            ("--configfile", self.overlays),
        ):
            if own:
                flags += [flag, *own, *theirs[flag]]
        return [*self.targets, *self.words[:end], *flags, *self.words[end:]]


def quick_test(words: list[str]) -> Command:
    """Run a small real benchmark that needs no key. All words are passed to snakemake."""
    help_of("quick_test.sh", quick_test, words)
    overlay = "config/experiments/quick.yaml"
    return Command(["quick"], from_variables(), overlays=[overlay], words=without_dashes(words))


def test_all(words: list[str]) -> Command:
    """Run all models whose keys are set, all prompts and tasks. Words are passed to snakemake."""
    help_of("test_all.sh", test_all, words)
    rest = without_dashes(words)
    models = {} if names_models(rest) else {"models": with_keys()}
    everything = {**models, "prompts": "all", "tasks": "all"}
    return Command(config=everything | from_variables(), words=rest)


def run_batch_test(words: list[str]) -> Command:
    """Run selected models. The config gives everything that no flag or variable sets."""
    own, rest = split(words)
    parser = parser_of("run_batch_test.sh", run_batch_test, KEYS)
    parser.add_argument("--all-models", action="store_true", help="all models whose keys are set")
    args = parser.parse_args(own)
    config = from_variables() | chosen(args)
    if args.all_models and "models" in config:
        parser.error("--all-models and --model cannot be combined")
    if "models" not in config:
        config = ({"models": with_keys()} if args.all_models else of_config(rest)) | config
    return Command(config=config, words=rest)


def run_parallel_test(words: list[str]) -> Command:
    """Run several models at once, across all providers: all whose keys are set, or those named."""
    own, rest = split(words)
    parser = parser_of("run_parallel_test.sh", run_parallel_test, KEYS)
    parser.add_argument(
        "names", nargs="*", metavar="MODEL", help="models (default: all whose keys are set)"
    )
    args = parser.parse_args(own)
    config = from_variables() | chosen(args)
    if args.names:
        config = {"models": ",".join(args.names)} | config
    elif "models" not in config and not names_models(rest):
        config = {"models": with_keys()} | config
    return Command(config=config, words=rest)


def smart_batch_runner(words: list[str]) -> Command:
    """Translate the flags of the predecessor's batch runner into one snakemake command."""
    own, rest = split(words)
    parser = parser_of("smart_batch_runner.py", smart_batch_runner, KEYS)
    parser.add_argument(
        "--max-workers", type=positive_int, metavar="N", help="requests in flight on each key"
    )
    parser.add_argument(
        "--qps", type=positive_float, metavar="N", help="requests per second on each key"
    )
    parser.add_argument("--silent", "--quiet", action="store_true", help="print only the result")
    for flag, why in GONE.items():
        kind: dict[str, Any] = {"metavar": "N"} if flag in WITH_VALUE else {"action": "store_true"}
        parser.add_argument(flag, default=None, help=f"no effect: {why}", **kind)
    args = parser.parse_args(own)
    for flag, why in GONE.items():
        if getattr(args, name_of(flag)) is not None:
            note(f"{flag} has no effect and is ignored: {why}")
    own_models = {} if args.models else of_config(rest)
    command = Command(config=own_models | chosen(args), words=rest)
    limit(command, args.max_workers, args.qps)
    if args.silent:
        command.words += ["--quiet", "all"]
    return command


DOORS = {
    "quick_test.sh": quick_test,
    "test_all.sh": test_all,
    "run_batch_test.sh": run_batch_test,
    "run_parallel_test.sh": run_parallel_test,
    "smart_batch_runner.py": smart_batch_runner,
}


def with_keys() -> str:
    """Return what `all` means: the players and the models of services whose keys are set.

    A model that runs on this machine takes hours, so it must be named.
    """
    from pilotbench.asking.keys import secrets
    from pilotbench.providers.kind import Role
    from pilotbench.providers.kinds import KINDS

    settings, variables = settings_of({}), secrets.environment()
    lacking = {
        name: secrets.to_set(provider, provider.keys, variables, every=False)
        for name, provider in settings.providers.items()
        if len(secrets.missing(settings, provider.keys, variables)) == len(provider.keys)
    }
    chosen, services = [], []
    for model in settings.catalog.values():
        kind = KINDS[settings.providers[model.provider].kind]
        if kind.role is Role.EMBEDDED:
            note(f"{model.name} is skipped: {SLOW}")
        elif model.provider in lacking:
            note(f"{model.name} is skipped: {lacking[model.provider]}")
        else:
            chosen.append(model.name)
            services += [model.name] if not kind.in_process else []
    if not services:
        note("no key is set: only the reference players remain")
    return ",".join(chosen)


def of_config(words: list[str]) -> dict[str, str]:
    """Return the config's models without those that run on this machine, if there are any.

    Return nothing if the user chooses models or overlays. Raises UserError if no model remains.
    """
    from pilotbench.ground.errors import UserError
    from pilotbench.providers.kind import Role
    from pilotbench.providers.kinds import KINDS

    if names_models(words) or given(words)["--configfile"]:
        return {}
    settings = settings_of({})
    kinds = {name: KINDS[provider.kind] for name, provider in settings.providers.items()}
    left = [m.name for m in settings.models.values()
            if kinds[m.provider].role is not Role.EMBEDDED]  # fmt: skip
    slow = [name for name in settings.models if name not in left]
    if not left:
        raise UserError(
            f"no model is named, and {', '.join(slow)} in config/config.yaml would run on this "
            f"machine for hours: name models (such as -m {slow[0]}), or run ./quick_test.sh"
        )
    if slow:
        note(f"{', '.join(slow)} is skipped: {SLOW}")
    return {"models": ",".join(left)} if slow else {}


def names_models(words: list[str]) -> bool:
    """Return whether the words for snakemake choose models."""
    return any(word.startswith("models=") for word in given(words)["--config"])


def settings_of(overrides: Mapping[str, str]) -> Settings:
    """Return the settings of the base config under `overrides`. Raises UserError."""
    from pilotbench.matrix import config, config_files, validation

    merged = config_files.read((), overrides)
    validation.validate(merged, map(Path, config_files.BASE_FILES))
    return config.settings(merged)


def limit(command: Command, workers: int | None, qps: float | None) -> None:
    """Limit the keys of the chosen models' providers: slots, and requests per minute.

    Requests per second become `rpm` in an overlay in results/overlays, because rpm has no flag.
    """
    if workers is None and qps is None:
        return
    keys = keys_of(command.config.get("models"))
    if workers is not None:
        command.resources = dict.fromkeys(keys, workers)
        each = ", ".join(keys)
        note(f"--max-workers {workers}: at most {workers} requests in flight on each of {each}")
    if qps is not None:
        rpm = max(1, int(qps * 60))
        overlay = Path("results/overlays", f"rpm-{rpm}-{'-'.join(sorted(set(keys.values())))}.yaml")
        overlay.parent.mkdir(parents=True, exist_ok=True)
        overlay.write_text(rpm_overlay(keys, rpm), encoding="utf-8")
        command.overlays.append(str(overlay))
        note(f"--qps {qps:g}: at most {rpm} requests per minute on each of {', '.join(keys)}")


def keys_of(models: str | None) -> dict[str, str]:
    """Return alias -> provider of each key that the models may use. Raises UserError."""
    settings = settings_of({"models": models} if models else {})
    return {a: model.provider for model in settings.models.values()
            for a in settings.providers[model.provider].keys}  # fmt: skip


def rpm_overlay(keys: Mapping[str, str], rpm: int) -> str:
    """Return an overlay that limits each key to `rpm` requests per minute."""
    lines = ["providers:"]
    for provider in dict.fromkeys(keys.values()):
        lines += [f"  {provider}:", "    keys:"]
        lines += [f"      {a}: {{rpm: {rpm}}}" for a, owner in keys.items() if owner == provider]
    return "\n".join(lines) + "\n"


def parser_of(
    door: str, translate: object, keys: Mapping[str, Iterable[str]]
) -> argparse.ArgumentParser:
    """Return a parser with the flags of the config keys."""
    parser = argparse.ArgumentParser(
        prog=door,
        description=translate.__doc__,
        epilog=f"{ENVIRONMENT} Words after -- are passed to snakemake: -- --dry-run",
        allow_abbrev=False,
    )
    for key, flags in keys.items():
        parser.add_argument(
            *flags, dest=key, help=f"config key {key}; several values are comma-separated"
        )
    return parser


def help_of(door: str, translate: object, words: list[str]) -> None:
    """Print the help of a door and exit, if requested."""
    if asks_for_help(words):
        parser = parser_of(door, translate, {})
        parser.usage = f"{door} [WORD ...]"
        parser.epilog = "For the help of snakemake: python -m snakemake --help"
        parser.print_help()
        sys.exit(0)


def asks_for_help(words: list[str]) -> bool:
    """Return whether the help of a door is requested."""
    return bool({"-h", "--help"} & set(split(words)[0]))


def chosen(args: argparse.Namespace) -> dict[str, str]:
    """Return the config keys that flags set."""
    return {key: value for key in KEYS if (value := getattr(args, key)) is not None}


def from_variables() -> dict[str, str]:
    """Return the config keys that environment variables set."""
    return {key: os.environ[name] for key, name in VARIABLES.items() if os.environ.get(name)}


def given(words: list[str]) -> dict[str, list[str]]:
    """Return the values of the flags in SEVERAL, as snakemake's own parser reads them."""
    parser = argparse.ArgumentParser(prog="snakemake", add_help=False)
    for flag, names in SEVERAL.items():
        parser.add_argument(*names, dest=flag, nargs="*", default=[])
    return vars(parser.parse_known_args(words)[0])


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words before and after `--`."""
    if "--" not in words:
        return words, []
    place = words.index("--")
    return words[:place], words[place + 1 :]


def without_dashes(words: list[str]) -> list[str]:
    """Return the words without a leading `--`."""
    return words[1:] if words[:1] == ["--"] else words


def name_of(flag: str) -> str:
    """Return the attribute under which argparse stores a flag."""
    return flag.lstrip("-").replace("-", "_")


def positive_int(text: str) -> int:
    """Return a whole number of 1 or more."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def positive_float(text: str) -> float:
    """Return a number above 0."""
    if not 0 < (value := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def note(text: str) -> None:
    """Print one line for the user."""
    print(f"note: {text}", file=sys.stderr)


def is_ready() -> bool:
    """Return whether this Python belongs to an environment with everything that a run needs."""
    own = sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ
    return own and all(importlib.util.find_spec(name) for name in ("snakemake", "duckdb", "openai"))


def enter_environment(door: str, words: list[str]) -> None:
    """Create `.venv` and become its Python, unless an environment is active."""
    if is_ready() or Path(sys.prefix) == ROOT / ".venv":
        return
    try:
        made = subprocess.run(["make", "--silent", "setup"], stdout=sys.stderr, check=False)
    except FileNotFoundError:
        print(f"error: {NO_MAKE}", file=sys.stderr)
        sys.exit(2)
    if made.returncode:
        sys.exit(made.returncode)
    python = str(ROOT / ".venv/bin/python")
    os.execv(python, [python, __file__, door, *words])


def main(door: str, words: list[str]) -> NoReturn:
    """Become the snakemake command of a door. A user's mistake is one line and exit code 2."""
    os.chdir(ROOT)
    if not asks_for_help(words):  # help needs no environment
        enter_environment(door, words)
    sys.path.insert(0, str(ROOT / "workflow/scripts"))
    from pilotbench.ground.errors import UserError

    try:
        line = DOORS[door](words).line()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"+ {shlex.join(['snakemake', *line])}", file=sys.stderr, flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "snakemake", *line])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
