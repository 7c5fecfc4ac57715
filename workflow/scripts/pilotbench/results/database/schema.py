"""The master database: stored tables, and the views that people read.

The schema `store` holds the rows of every readable shard file and, for planned shards without one,
of the journal. The views in the main schema count each episode once; every number they show is
computed from rows of episodes. `docs/database.md` is generated from this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.matrix.axes import AXES, KEYS, NAMES

STORED = 14
"""Version of the stored tables (`views.FORMAT` adds the views)."""

CELL = NAMES
COLLATERAL = {
    "harmless": "Changes that nobody asked for and that do no harm; null for tasks without kinds.",
    "costly": "Such changes that cost somebody something.",
    "forbidden": "Such changes that the rules forbid.",
}
"""The kinds of what an episode changes without being asked, and what they mean."""
TOKENS = ("input", "output", "reasoning", "cached", "cache_writes")


@dataclass(frozen=True)
class Column:
    """A column: name, DuckDB type and one sentence."""

    name: str
    type: str
    says: str


@dataclass(frozen=True)
class StoredTable:
    """A stored table; `key` are the columns that make a row unique."""

    name: str
    says: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def ddl(self) -> str:
        """The statement that creates the table in the schema `store`."""
        columns = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        return f"CREATE TABLE store.{self.name} ({columns})"


def columns(text: str) -> tuple[Column, ...]:
    """Return columns written one per line: name, type, sentence."""
    rows = (line.split(None, 2) for line in text.strip().splitlines())
    return tuple(Column(name, kind, says) for name, kind, says in rows)


_CELL_COLUMNS = "\n".join(f"{axis.name} VARCHAR {axis.description}" for axis in AXES)

SHARDS = StoredTable(
    "shards",
    "One row per shard file, or planned shard that has answers in the journal but no file.",
    ("path",),
    columns(f"""
path               VARCHAR  Path below `results/shards`.
{_CELL_COLUMNS}
first              BIGINT   First instance index.
last               BIGINT   Last instance index, inclusive.
repeats            INTEGER  Repeats per instance.
max_turns          VARCHAR  `max_turns` of the config: a number or auto.
state              VARCHAR  `file`, `provisional` (from the journal) or `damaged` (not loaded).
damage             VARCHAR  The problem of a damaged file.
size               BIGINT   Bytes of the file.
mtime_ns           BIGINT   Modification time of the file, ns.
sha256             VARCHAR  SHA-256 of the file.
fingerprint        VARCHAR  Hash of what its requests consist of and how they are scored.
judged             VARCHAR  Hash of the config that the file was compared with when it was read.
outdated           INTEGER  Episodes that the present config would request differently: not loaded.
differs            VARCHAR  What differs for them: deployment, parameters, prompt, instances, ….
quarantined        INTEGER  Episodes that cannot become rows: owed, and listed in `owed`.
unknown            VARCHAR  Values that no column can store: they are null.
journal            VARCHAR  SHA-256 of the provisional records from the journal.
asked              BIGINT   Requests that the run which wrote the file paid for.
replayed           BIGINT   Requests that this run found in the journal.
unusable           BIGINT   Answers that were paid for and could not be used.
unusable_usd       DOUBLE   Their cost in USD as far as it is known; null where nothing is.
commit             VARCHAR  Git commit that wrote the file.
dirty              BOOLEAN  Whether there were uncommitted changes.
prompt_sha256      VARCHAR  Hash of the prompt template.
instances_sha256   VARCHAR  Hash of the instances.
parameters         VARCHAR  Request parameters, JSON.
parameters_sha256  VARCHAR  Hash of the parameters.
benchmark_version  VARCHAR  Version of world, tools, instances and protocol.
scoring_version    VARCHAR  Version of the scorer.
libraries          VARCHAR  Library versions, JSON.
prices             VARCHAR  Where its costs are from: `config`, or a price list and its newest date.
price_sha256       VARCHAR  Hash of the price that its costs are at.
started            VARCHAR  Start of the evaluation that wrote the file, ISO 8601 in UTC.
ended              VARCHAR  Its end.
host               VARCHAR  Machine.
keys               VARCHAR  Requests by key alias, JSON.
run                VARCHAR  Snakemake's log of the run that wrote the file, in .snakemake/log.
configfiles        VARCHAR  Its --configfile, JSON: pairs of path and SHA-256 of the content.
config             VARCHAR  Its arguments after --config, JSON.
cluster_job        VARCHAR  Slurm's job id.
"""),
)

EPISODES = StoredTable(
    "episodes",
    "One row per episode of a shard: one model on one instance under one prompt, once.",
    ("shard", "episode"),
    columns(f"""
episode              VARCHAR  Identity: SHA-256 of cell, index and repeat.
shard                VARCHAR  Path of the shard.
{_CELL_COLUMNS}
index                BIGINT   Instance index within (task, difficulty).
repeat               INTEGER  Repeat, from 0.
provider             VARCHAR  Entry of config/providers.yaml.
deployment           VARCHAR  The name that is requested.
protocol             VARCHAR  How calls are made: native, json, text, none.
instance             VARCHAR  Content hash of the instance.
epoch                VARCHAR  Epoch of the instance: public or a hash; null without epochs.
question_id          VARCHAR  Name of a pack's question (`fields.id`); null without one.
metadata             VARCHAR  The other columns of a pack's question, JSON; null without any.
canary               VARCHAR  Mark of public instances, for training corpora to leave them out.
status               VARCHAR  completed, refused or not_applicable.
end_reason           VARCHAR  finish, no_call, max_turns, context_overflow or length.
success              BOOLEAN  All goal and protected predicates hold; null unless completed.
progress             DOUBLE   Share of the goal predicates reached.
level                VARCHAR  full_success, partial_success or failure.
weighted_score       DOUBLE   1.0, 0.5 or 0.0, as the predecessor counted; never ranks.
flexible_match       BOOLEAN  The answer to a pack's question is right, in whatever form.
strict_match         BOOLEAN  It is right, alone and in its place; null where no form is asked for.
read_answer          VARCHAR  What was read as the answer, as JSON, cut at 2,000 characters.
read_by              VARCHAR  The rule that read it.
verdict              VARCHAR  Why it was accepted or not.
score                DOUBLE   Score from its scorer, 0 to 1; null where that gives none.
metrics              VARCHAR  Further numbers from its scorer, JSON by name; null without any.
collateral_damage    BOOLEAN  Something protected was changed.
{chr(10).join(f"collateral_{kind} INTEGER {says}" for kind, says in COLLATERAL.items())}
injection            VARCHAR  Instructions hidden in data: followed, resisted or not_met.
goals                INTEGER  Goal predicates.
goals_held           INTEGER  Goal predicates that hold.
broken               INTEGER  Protected objects that changed.
{chr(10).join(f"error_{kind} INTEGER Calls with the error kind {kind}." for kind in ERROR_KINDS)}
calls                INTEGER  Calls that could be parsed.
valid_calls          INTEGER  Calls of a known tool with good arguments and preconditions met.
drawn_calls          INTEGER  Valid calls that can fail by draw: all but finish and discovery.
ok_calls             INTEGER  Calls that succeeded.
transient_met        INTEGER  Injected transient failures.
transient_retried    INTEGER  Of these, those that were called again.
transient_recovered  INTEGER  Of these, those that then succeeded.
flaws                MAP(VARCHAR,VARCHAR)  Flaw to followed, corrected or not_reached.
harmful              BOOLEAN  Whether following the prompt's flaw literally fails; null without one.
turns                INTEGER  Messages of the model.
tool_calls           INTEGER  Calls executed.
distinct_tools       INTEGER  Different tools called.
parsed_turns         INTEGER  Turns with a call that could be parsed; over `turns` the parse rate.
repaired             INTEGER  Calls that could be read only after their JSON was repaired.
max_turns            INTEGER  Turns allowed.
tokens_input         BIGINT   Input tokens, cached ones included; null where not reported.
tokens_output        BIGINT   Output tokens, reasoning included; null where not reported.
tokens_reasoning     BIGINT   Reasoning tokens, a part of the output.
tokens_cached        BIGINT   Cached tokens, a part of the input.
tokens_cache_writes  BIGINT   Input tokens that were stored in the provider's cache.
cost_usd             DOUBLE   Cost in USD; null where price or tokens are not known.
known_usd            DOUBLE   Cost in USD of those of its requests whose cost is known.
unpriced             INTEGER  Requests whose cost is not known: no price, or no token counts.
batched              INTEGER  Requests that were answered in a batch.
model_reported       VARCHAR  The model name that the provider reports (the last one).
requests             INTEGER  Requests of the episode.
latency_s            DOUBLE   Sum of its requests' latencies, s.
queued_s             DOUBLE   Sum of its waits for a slot, s.
started              DOUBLE   Start of the first request, Unix time in s.
ended                DOUBLE   End of the last request, Unix time in s.
answer               VARCHAR  The answer as JSON, cut at 2,000 characters.
reply_sha256         VARCHAR  First 16 characters of the SHA-256 of the answer as text.
reason               VARCHAR  Why it was refused or is not applicable.
provisional          BOOLEAN  From the journal: its shard has no file yet.
counted              BOOLEAN  This row represents the episode; if false, a row of another file does.
current              BOOLEAN  Planned by the selection of the last command.
"""),
)

REQUESTS = StoredTable(
    "requests",
    "One row per request: one answered turn of an episode.",
    ("shard", "episode", "turn"),
    columns("""
episode           VARCHAR  Identity of the episode.
shard             VARCHAR  Path of the shard.
identity          VARCHAR  First 16 characters of the response's identity, its name in the journal.
turn              INTEGER  Turn, from 0.
key               VARCHAR  Key alias that paid.
started           DOUBLE   Start of the attempt that was answered, Unix time in s.
latency_s         DOUBLE   Its duration, s.
queued_s          DOUBLE   Wait for a slot, s.
attempts          INTEGER  Attempts until it was answered.
slots             INTEGER  Slots in force on the key when it was sent; null in old records.
reported          VARCHAR  The model name that answered.
finish_reason     VARCHAR  As the provider reports it.
tokens_input      BIGINT   Input tokens; null, as the others, where they are not reported.
tokens_output     BIGINT   Output tokens.
tokens_reasoning  BIGINT   Reasoning tokens.
tokens_cached     BIGINT   Cached tokens.
tokens_cache_writes  BIGINT  Input tokens that were stored in the provider's cache.
first_token_s     DOUBLE   Time to the first token of a streamed answer, s; null for others.
tokens_per_s      DOUBLE   Its output tokens per second after the first token.
cost_usd          DOUBLE   Cost in USD; null where price or tokens are unknown and in old records.
tier              VARCHAR  `batch`, or the service tier in the provider's word; null without one.
batch             VARCHAR  The provider's name of its batch; null for a request made online.
response_id       VARCHAR  The provider's id of the response; null, as what follows, if it has none.
request_id        VARCHAR  The provider's id of the request, from the headers.
system_fingerprint  VARCHAR  The provider's fingerprint of what answered.
usage             VARCHAR  The usage as it was reported, JSON.
logprobs          VARCHAR  Log probabilities as they came, JSON.
other_choices     VARCHAR  Further answers to the request, which are not scored, JSON.
"""),
)

TOOL_CALLS = StoredTable(
    "tool_calls",
    "One row per parsed call of an episode.",
    ("shard", "episode", "call"),
    columns("""
episode    VARCHAR  Identity of the episode.
shard      VARCHAR  Path of the shard.
call       INTEGER  Number of the call within the episode, from 0.
turn       INTEGER  Turn, from 0.
tool       VARCHAR  The name that was called.
valid      BOOLEAN  A known tool, arguments fit its schema, preconditions met.
ok         BOOLEAN  The call succeeded.
code       VARCHAR  Error code.
transient  BOOLEAN  The failure was drawn.
kind       VARCHAR  Error kind of this call.
"""),
)

PLAN = StoredTable(
    "plan",
    "One row per planned shard of the selection of the last command.",
    ("path",),
    columns(f"""
path               VARCHAR  Path below `results/shards`.
{_CELL_COLUMNS}
first              BIGINT   First instance index.
last               BIGINT   Last instance index, inclusive.
repeats            INTEGER  Repeats per instance.
"""),
)

REASONS = StoredTable(
    "reasons",
    "Why the journal cannot finish an episode of a planned shard without a file.",
    ("shard", "index", "repeat"),
    columns("""
shard    VARCHAR  Path of the planned shard.
index    BIGINT   Instance index.
repeat   INTEGER  Repeat, from 0.
kind     VARCHAR  Class of the error that stopped it.
message  VARCHAR  The error in words.
"""),
)

RECORDS = StoredTable(
    "records",
    "The record of each provisional episode; those of shard files are read from the files.",
    ("shard", "episode"),
    columns("""
shard    VARCHAR  Path of the planned shard.
episode  VARCHAR  Identity of the episode.
record   VARCHAR  The record, JSON.
"""),
)

SELECTION = StoredTable(
    "selection",
    "What the last command selected.",
    ("key",),
    columns(f"""
key    VARCHAR  {", ".join(KEYS)}, instances, repeats, ….
value  VARCHAR  Its value, JSON.
"""),
)

VERDICTS = StoredTable(
    "verdicts",
    "One row per verdict of a judge: on one reply, or on two in one order.",
    ("shard", "episode", "judge", "repeat", "other", "swapped"),
    columns("""
episode           VARCHAR  Identity of the episode that is judged; of a pair, of its first model.
shard             VARCHAR  Path of its shard.
judge             VARCHAR  The judge, an entry of config/models.yaml.
repeat            INTEGER  Repeat of the judge, from 0.
kind              VARCHAR  `single` for one reply, `pair` for two.
other             VARCHAR  The other episode of a pair; null, as the next, for one reply.
swapped           BOOLEAN  The judge was shown the other reply first.
right             BOOLEAN  The reply meets the rubric; null for a pair.
score             DOUBLE   Share of the rubric that it meets, 0 to 1; null for a pair.
winner            VARCHAR  Of a pair: first (`episode`), second (`other`) or tie, in either order.
criteria          VARCHAR  The score of each criterion, JSON; null without criteria.
reason            VARCHAR  The reason that the judge gave, cut at 2,000 characters.
cost_usd          DOUBLE   Cost in USD; null where price or tokens are not known.
tokens_input      BIGINT   Input tokens; null, as the others, where they are not reported.
tokens_output     BIGINT   Output tokens.
tokens_reasoning  BIGINT   Reasoning tokens.
tokens_cached     BIGINT   Cached tokens.
tokens_cache_writes  BIGINT  Input tokens that were stored in the provider's cache.
identity          VARCHAR  First 16 characters of its name in the journal; null if not requested.
started           DOUBLE   When its judge was asked, Unix time in s; null if not requested.
path              VARCHAR  Path of its file below `results/verdicts`.
"""),
)

LABELS = StoredTable(
    "labels",
    "One row per label that a person gave to a reply, or to a pair of replies.",
    ("episode", "rater", "other"),
    columns("""
episode  VARCHAR  Identity of the episode that is labelled; of a pair, of its first model.
rater    VARCHAR  Name of the person.
right    BOOLEAN  The reply is right; null without such a label.
score    DOUBLE   Score, 0 to 1; null without such a label.
winner   VARCHAR  Of a pair: first (`episode`), second (`other`) or tie.
other    VARCHAR  The other episode of a pair; null for one reply.
note     VARCHAR  What the person wrote.
"""),
)

VERDICT_FILES = StoredTable(
    "verdict_files",
    "One row per file of verdicts, or planned one whose verdicts are from the journal.",
    ("path",),
    columns("""
path      VARCHAR  Path below `results/verdicts`.
judge     VARCHAR  The judge.
shard     VARCHAR  Path of the shard that is judged; of a pair, of its first model.
other     VARCHAR  Path of the other shard of a pair.
size      BIGINT   Bytes of the file; null, as the next, where there is none that counts.
mtime_ns  BIGINT   Modification time of the file, ns.
fits      VARCHAR  Hash of the rubric and the shard files that its verdicts are on.
content   VARCHAR  Hash of its rows.
"""),
)

UNUSED_LABELS = StoredTable(
    "unused_labels",
    "One row per label that is not used.",
    ("place",),
    columns("""
place    VARCHAR  File and line.
task     VARCHAR  The pack.
message  VARCHAR  Why it is not used.
"""),
)

UNJUDGED = StoredTable(
    "unjudged",
    "Why an episode that a judge scores has no verdict.",
    ("shard", "episode", "judge"),
    columns("""
path     VARCHAR  Path of the file of verdicts below `results/verdicts`.
shard    VARCHAR  Path of the shard.
episode  VARCHAR  Identity of the episode.
judge    VARCHAR  The judge.
kind     VARCHAR  Class of the error that stopped it.
message  VARCHAR  The error in words.
"""),
)

TABLES = {
    table.name: table
    for table in (
        *(SHARDS, EPISODES, REQUESTS, TOOL_CALLS, PLAN, REASONS, RECORDS, SELECTION),
        *(VERDICTS, LABELS, UNUSED_LABELS, VERDICT_FILES, UNJUDGED),
    )
}
