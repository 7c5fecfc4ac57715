"""A snakemake command, and the words of the user that go into it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

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

    @property
    def settings(self) -> dict[str, str]:
        """The config keys; the predecessor's tasks are those of version 3 of the benchmark."""
        is_all = "all" in self.config.get("tasks", "").split(",")
        return self.config | ({"benchmark": "3"} if is_all else {})

    def line(self) -> list[str]:
        """Return the words after `snakemake`: the user's unchanged, then those of the script.

        Snakemake uses only the last of repeated flags, so the script repeats the user's values.
        """
        end = self.words.index("--") if "--" in self.words else len(self.words)
        theirs = given(self.words[:end])
        flags: list[str] = []
        for flag, own in (
            ("--config", [f"{key}={value}" for key, value in self.settings.items()]),
            ("--resources", [f"{key}={value}" for key, value in self.resources.items()]),
            ("--configfile", self.overlays),
        ):
            if own:
                flags += [flag, *own, *theirs[flag]]
        return [*self.targets, *self.words[:end], *flags, *self.words[end:]]


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
