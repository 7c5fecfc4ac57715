"""The peers' section of docs/benchmarks.md: the table, and by which commands each was asked."""

from __future__ import annotations

import shlex

from dev.bench.peers import NAMES, PEERS
from dev.bench.peers.figures import JOBS
from dev.bench.peers.peer import Ask, Peer
from dev.bench.row import Row
from dev.bench.versus import table

HEAD = """\
`make bench only=peers` (`peer=inspect-ai` or `job=one_key` for a part) creates an environment for
each peer in a separate folder (`$PILOTBENCH_PEERS`, by default `~/.cache/pilot-bench/peers`) and
omits a peer that cannot be installed. Every runner gets the same questions, an exact comparison
as scorer and the same simulator, with one run per job. *One sample* is the median of three runs
after a warm-up run.

- `pilot-bench`: the command as typed, with database, exports, tables and page. A peer's command
  writes its own results and report. `pilot-bench-shards`: only the shards, as in the other tables.
- *Ours / best peer* compares the first column, or the second if the first is empty, with the best
  peer.
- *Lost*: neither right nor wrong; a failed request that is scored as 0 is *wrong*. A time is
  reported only if all answers are right.
- *Result written after*: when the result files were last written. *Paid again*: answered twice
  for the same request, as counted by the simulator.
- To reproduce by hand, `.venv/bin/python -m pilotbench simulate --setup none --key
  sim_key1:5 --latency 1 --sigma 0.6` prints `$URL`; `$KEY` is `sk-` and the name of the key;
  `curl "${URL%/v1}/stats?slots=5"` returns the counts.
- A command that does not end within 300 s is killed, and what it has written is counted.
- *Load*: the machine's load over the last minute when the values were measured, lowest and
  highest of the line, including the runner's own. A line with different loads is measured again
  before it is used.
"""
AFTER = "database, tables and page are made after the last answer."
WHY = {
    "one sample from scratch: result written after": "the page is the last of the files; the "
    "shard's is written first, see the second column.",
    "one sample from scratch: whole command": "Snakemake alone needs 1.2 s until a script's file "
    "is written and 0.8 s more to end; in between are the shard's job, the database and the page.",
    "latency 0, 50 slots, 2000 episodes: whole command": AFTER,
    "latency 0, 50 slots, 2000 episodes: episodes": AFTER,
    "latency 0, 50 slots, 2000 episodes: CPU each": AFTER,
    "one key of 5, 1 s, 200 episodes: whole command": AFTER,
    "one key of 5, 1 s, 200 episodes: utilisation with start-up": AFTER,
    "5 % of 500 and 2 % resets, 2000 episodes: whole command": AFTER,
    "kill -9 at half of 800, run again: paid again": "answers that were on their way at the kill; "
    "the next line is what counts.",
    "one key of 5, 1 s, 200 episodes: utilisation in the window": "each runner has its own order "
    "of requests, so the last requests differ; the next line accounts for that.",
    "one key of 5, 1 s, 200 episodes: of the list schedule": "by 0.2 %, within the random "
    "variation.",
}
"""The reason for a line in which ours may be behind, by its name."""
EXAMPLE = Ask((("Question 0: what stands in <<answer-0>>?", "answer-0"),), "$URL", "$KEY", 50)


def section(rows: list[Row]) -> str:
    """Return the section's Markdown."""
    players = [name for name in NAMES if any(row["peer"] == name for row in rows)]
    order = {name: number for number, name in enumerate(dict.fromkeys(r["name"] for r in rows))}
    ordered = sorted(rows, key=lambda row: order[row["name"]])
    how = [how_asked(PEERS[name]) for name in players if name in PEERS]
    jobs = [f"- `{name}`: {figures.__doc__}" for name, figures in JOBS.items()]
    listed = ["Jobs (a job without a line in the table has not been measured):\n", *jobs, ""]
    return "\n".join([HEAD, *listed, table(ordered, players), "", *reasons(rows), *how]).rstrip()


def reasons(rows: list[Row]) -> list[str]:
    """Return why ours is behind, for each line where it is."""
    behind = [str(row["name"]) for row in rows if not row["holds"]]
    said = [f"- {name}: {WHY.get(name, 'not yet explained.')}" for name in behind]
    return ["Where ours is behind:\n", *said, ""] if said else []


def how_asked(peer: Peer) -> str:
    """Return by which files and commands a peer is asked, for one question and 50 at once."""
    blocks = [f"{name}:\n\n{_fenced(text)}" for name, text in peer.files(EXAMPLE).items()]
    env = [f"{name}={value}" for name, value in peer.environment(EXAMPLE).items()]
    commands = [*env, _line(peer.words(EXAMPLE))]
    for when, words in (("finished", peer.again), ("killed", peer.resume)):
        commands += [f"{_line(words(EXAMPLE))}  # a {when} job"] if words else []
    fetched = " ".join(peer.all)
    return "\n".join([f"### {peer.name}", "", f"`{fetched}`", "", _fenced("\n".join(commands)),
                      *blocks])  # fmt: skip


def _line(words: list[str]) -> str:
    return " ".join(f'"{word}"' if "$" in word else shlex.quote(word) for word in words)


def _fenced(text: str) -> str:
    return f"```\n{text.rstrip()}\n```\n"
