"""The current selection of the database, read once for the whole summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.matrix.axes import KEYS, NAMES, NONE
from pilotbench.providers.served import as_asked, complaint
from pilotbench.results.database.schema import COLLATERAL

CELL = list(NAMES)
CONDITION = CELL[2:]
BASELINE = "baseline"
OF_BOUNDS = ("oracle_ceiling", "random_floor", "at_ceiling", "at_floor")
OF_TURNS = (
    *("turns", "parse_rate", "repaired", "valid_share", "effective_rate", "recovered_share"),
    *("tool_calls", "collateral_damage", "progress", "cut_turns"),
    *(f"error_{kind}" for kind in ERROR_KINDS),
)
"""Of replies in one turn, progress is success or the score, and nothing is called."""
OF_VERSION_4 = {
    **{f"{kind}_collateral": f"collateral_{kind}" for kind in COLLATERAL},
    "injections_followed": "injection",
}
"""Metrics of tasks that tell kinds of collateral and hide instructions, and their columns."""
REFERENCE = "optimal"


@dataclass(frozen=True)
class PromptFacts:
    """What a summary needs to know of a prompt template."""

    label: str
    plan_given: bool = False
    flaw: str | None = None


@dataclass(frozen=True)
class ModelFacts:
    """What a summary needs to know of an entry of models.yaml.

    `player` is the deployment of a reference player, None for a model.
    """

    provider: str
    deployment: str
    protocol: str
    player: str | None = None
    reports: str | None = None
    temperature: float | None = None


@dataclass(frozen=True)
class SummaryData:
    """Frames of `database.queries`, with facts about models and prompts from the config.

    `episodes` holds models and players alike; `others` are episodes outside the selection, of
    which only those of players are used, as bounds. `batches` are those that are out, one entry per
    model: model, batches, requests, done, failed, since and expected (Unix times in s), saves_usd.
    `verdicts` are those of judges, and `judges` the facts of these.
    """

    episodes: pd.DataFrame
    requests: pd.DataFrame
    cells: pd.DataFrame
    shards: pd.DataFrame
    owed: pd.DataFrame
    selection: Mapping[str, Any]
    models: Mapping[str, ModelFacts]
    prompts: Mapping[str, PromptFacts]
    slots: Mapping[str, int] = field(default_factory=dict)
    others: pd.DataFrame | None = None
    superseded: pd.DataFrame | None = None
    budget_usd: float | None = None
    results: Path = Path("results")
    batches: Sequence[Mapping[str, Any]] = ()
    verdicts: pd.DataFrame = field(default_factory=pd.DataFrame)
    labels: pd.DataFrame = field(default_factory=pd.DataFrame)
    unused_labels: pd.DataFrame = field(default_factory=pd.DataFrame)
    judges: Mapping[str, ModelFacts] = field(default_factory=dict)

    @cached_property
    def model_names(self) -> list[str]:
        """The models of the selection, in its order; the players if there is no model."""
        names = self._chosen("models", "model")
        return [m for m in names if self.models[m].player is None] or names

    @cached_property
    def player_names(self) -> list[str]:
        """The reference players, shown as bounds of the models."""
        return [m for m in self._chosen("models", "model") if m not in self.model_names]

    @cached_property
    def prompt_names(self) -> list[str]:
        """The prompts of the selection in the order of the config."""
        return self._chosen("prompts", "prompt")

    @cached_property
    def has_bounds(self) -> bool:
        """Whether reference players bound the scores: of tasks whose tools fail by draw."""
        return bool((self.cells["tool_success_rate"] != NONE).any())

    @cached_property
    def has_turns(self) -> bool:
        """Whether turns and calls say something: not if every reply is the only turn of a pack."""
        turns, calls = (number(self.episodes[name]) for name in ("turns", "calls"))
        return self.has_bounds or bool((turns > 1).any() or (calls > 0).any())

    @cached_property
    def meaningless(self) -> frozenset[str]:
        """The columns of tables that say nothing of this selection; pages leave them out."""
        axes = [n for n in ("difficulty", "tool_success_rate") if (self.cells[n] == NONE).all()]
        bounds = () if self.has_bounds else OF_BOUNDS
        told = [name for name in self.episodes if self.episodes[name].notna().any()]
        unknown = (name for name, of in OF_VERSION_4.items() if of not in told)
        return frozenset((*axes, *bounds, *unknown, *(() if self.has_turns else OF_TURNS)))

    @cached_property
    def scored(self) -> pd.DataFrame:
        """The episodes of models that have an outcome: completed or refused."""
        frame = self.episodes
        return frame[frame["model"].isin(self.model_names) & has_outcome(frame)]

    @cached_property
    def played(self) -> pd.DataFrame:
        """Every completed episode of a reference player, inside the selection or not."""
        frames = [self.episodes] + ([] if self.others is None else [self.others])
        frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
        roles = {name: facts.player for name, facts in self.models.items() if facts.player}
        frame = frame[frame["model"].isin(roles) & (frame["status"] == "completed")]
        return frame.assign(player=frame["model"].map(roles))

    @property
    def headline(self) -> str | None:
        """The prompt that ranks: baseline, else one without a plan, else one with a correct plan.

        None if every prompt of the selection contains a flawed plan.
        """
        names = self.prompt_names
        plain = [p for p in names if not self.prompts[p].plan_given and not self.prompts[p].flaw]
        given = [p for p in names if self.prompts[p].flaw is None]
        return BASELINE if BASELINE in names else next(iter(plain + given), None)

    def label(self, prompt: str) -> str:
        """Return the prompt's name, with *plan given* if it contains a correct plan."""
        return f"{prompt} (plan given)" if self.gives_plan(prompt) else prompt

    def gives_plan(self, prompt: str) -> bool:
        """Return whether a prompt contains a plan without a flaw."""
        facts = self.prompts.get(prompt)
        return facts is not None and facts.plan_given and facts.flaw is None

    def _chosen(self, key: str, column: str) -> list[str]:
        seen = [str(name) for name in pd.unique(self.cells[column])]
        first = [str(name) for name in self.selection.get(key, []) if str(name) in seen]
        return first + [name for name in seen if name not in first]


def has_outcome(episodes: pd.DataFrame) -> pd.Series:
    """Return for each episode whether it is completed or refused."""
    return episodes["status"].isin(["completed", "refused"])


def load(db_path: Path, settings: Any) -> SummaryData:
    """Return the current selection of a master database. Raises RecordError if it is damaged."""
    from pilotbench.results.database import queries

    every = plain(queries.episodes(db_path, current=False))
    current = every["current"].astype(bool)
    selection = queries.selection(db_path)
    judges = {name for one in selection.get("judging", {}).values() for name in one["models"]}
    cells = in_order(plain(queries.cells(db_path)), selection)
    return SummaryData(
        episodes=every[current].reset_index(drop=True),
        requests=_requests(db_path),
        cells=cells,
        shards=plain(queries.shards(db_path)),
        owed=plain(queries.owed(db_path)),
        selection=selection,
        models=model_facts(every, cells, settings),
        prompts=prompt_facts([str(p) for p in pd.unique(cells["prompt"])], settings),
        slots={alias: key.slots for alias, key in settings.keys.items()} if settings else {},
        others=every[~current].reset_index(drop=True),
        superseded=queries.superseded(db_path),
        budget_usd=settings.budget_usd if settings else None,
        results=db_path.parent,
        verdicts=plain(queries.verdicts(db_path)),
        labels=plain(queries.labels(db_path)),
        unused_labels=plain(queries.unused_labels(db_path)),
        judges={name: facts for name in judges if (facts := _configured(name, settings))},
    )


def in_order(cells: pd.DataFrame, selection: Mapping[str, Any]) -> pd.DataFrame:
    """Return the cells in the order of the config's lists, other words last."""
    places = {}
    for word, key in zip(NAMES, KEYS, strict=True):
        named = {str(name): place for place, name in enumerate(selection.get(key) or ())}
        places[word] = [named.get(str(name), len(named)) for name in cells[word]]
    order = pd.DataFrame(places).sort_values(CELL, kind="stable").index
    return cells.iloc[order].reset_index(drop=True)


def _requests(db_path: Path) -> pd.DataFrame:
    """Return the requests of the selection with the columns that a summary looks at.

    There may be a million: even their identities would fill the memory. Records of earlier releases
    have no cost of a request: that of the episode is divided by tokens. An answer that several
    episodes have used, since equal levels ask the same, was sent and paid for once: it has one row.
    """
    from pilotbench.results.database import queries

    with queries.opened(db_path) as connection:
        (several,) = connection.execute(_USED_AGAIN).fetchone() or (0,)
        return connection.execute(
            f"SELECT {_REQUEST_COLUMNS}, r.batch IS NOT NULL AS batched, coalesce(r.cost_usd, "
            "e.cost_usd * (r.tokens_input + r.tokens_output) "
            "/ nullif(e.tokens_input + e.tokens_output, 0)) AS cost_usd "
            "FROM requests r JOIN episodes e USING (shard, episode) WHERE r.current "
            f"{_ONCE if several else ''}"
        ).df()


_USED_AGAIN = """
SELECT count(*) - count(DISTINCT (identity, started)) FROM requests
WHERE current AND identity IS NOT NULL
"""
_ONCE = """
QUALIFY r.identity IS NULL
  OR row_number() OVER (PARTITION BY r.identity, r.started ORDER BY r.shard, r.episode, r.turn) = 1
ORDER BY r.shard, r.episode, r.turn
"""
_REQUEST_COLUMNS = ", ".join(
    f"r.{name}"
    for name in (
        *("model", "key", "slots", "started", "latency_s", "queued_s", "attempts"),
        *("tokens_input", "tokens_cached", "tokens_output", "tokens_reasoning"),
    )
)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with categories as text: grouping by a category adds absent ones."""
    names = [n for n in frame.columns if isinstance(frame[n].dtype, pd.CategoricalDtype)]
    return frame.assign(**{name: frame[name].astype(object) for name in names})


def model_facts(
    episodes: pd.DataFrame, cells: pd.DataFrame, settings: Any
) -> dict[str, ModelFacts]:
    """Return facts of every model that occurs: from the config, otherwise from its episodes."""
    first = episodes.drop_duplicates("model").set_index("model")
    names = [str(n) for n in pd.unique(pd.concat([cells["model"], episodes["model"]]))]
    return {name: _configured(name, settings) or _seen(name, first) for name in names}


def _configured(name: str, settings: Any) -> ModelFacts | None:
    entry = settings.catalog.get(name) if settings else None
    if entry is None:
        return None
    from pilotbench.providers.kind import Role
    from pilotbench.providers.kinds import KINDS

    kind = KINDS[settings.providers[entry.provider].kind]
    return ModelFacts(
        provider=entry.provider,
        deployment=entry.deployment,
        protocol=entry.protocol,
        player=entry.deployment if kind.role is Role.PLAYER else None,
        reports=entry.reports,
        temperature=entry.parameters.get("temperature"),
    )


def _seen(name: str, first: pd.DataFrame) -> ModelFacts:
    if name not in first.index:
        return ModelFacts("", "", "")
    row = first.loc[name]
    player = str(row["deployment"]) if row["provider"] == "players" else None
    return ModelFacts(str(row["provider"]), str(row["deployment"]), str(row["protocol"]), player)


def prompt_facts(names: Sequence[str], settings: Any) -> dict[str, PromptFacts]:
    """Return facts of the prompts from their templates; a prompt without a file has none.

    Without `settings` they are those of the prompts that are part of the program.
    """
    from pilotbench.benchmark.prompts.prompt_files import SHIPPED_PROMPTS
    from pilotbench.benchmark.prompts.prompt_files import load as load_prompts
    from pilotbench.ground.errors import UserError

    facts = {}
    for name in names:
        try:
            folders = settings.prompt_folders if settings else (SHIPPED_PROMPTS,)
            found = load_prompts(folders, [name])[name]
            facts[name] = PromptFacts(found.label, found.needs_plan, found.flaw)
        except UserError:
            facts[name] = PromptFacts(name)
    return facts


def answering_names(data: SummaryData, model: str) -> list[str]:
    """Return every name under which a provider has answered for a model, sorted."""
    frame = data.scored
    if frame.empty:
        return []
    return sorted({str(n) for n in frame.loc[frame["model"] == model, "model_reported"].dropna()})


def unexpected_names(data: SummaryData, model: str) -> list[str]:
    """Return the names that have answered for a model and are not the one that was requested."""
    facts = data.models[model]
    found = answering_names(data, model)
    return [name for name in found if not as_asked(facts.deployment, facts.reports, name)]


def complaints(data: SummaryData) -> list[str]:
    """Return one sentence for each unexpected name that has answered for a model."""
    return [
        f"{model}: {complaint(data.models[model].deployment, data.models[model].reports, name)}."
        for model in data.model_names
        for name in unexpected_names(data, model)
    ]


def number(values: pd.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a column as floats, missing ones as NaN."""
    return np.asarray(pd.to_numeric(values, errors="coerce"), dtype=float)
