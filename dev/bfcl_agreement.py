"""Compare verdicts on BFCL with those of BFCL's own program, answer by answer.

`python -m dev.bfcl_agreement` plays, for every test of every category, the accepted answer and
answers that are wrong in one way each (`bfcl_variants`): through our episode loop, and through the
handler, the inference loop and the evaluation of `bfcl-eval` for OpenAI's chat completions. It
prints one row per category and every answer on which the two differ. `--every N` takes each N-th
test. No service is asked.

Of `bfcl-eval` only the table of models is replaced, and the query, which returns our messages.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

from dev.bfcl_variants import variants
from pilotbench.benchmark import bfcl
from pilotbench.benchmark.bfcl.instance import NONE, BfclInstance
from pilotbench.benchmark.bfcl.official import LANGUAGES, MODEL, PACKAGE, folder, replaced
from pilotbench.benchmark.bfcl.task import BfclTask
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.prompts.prompt_files import SHIPPED_PROMPTS
from pilotbench.episodes.episode import play
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
OF_FILES = ("RESULT_PATH", "SCORE_PATH", "DOTENV_PATH", "PROJECT_ROOT", "RESULT_FILE_PATTERN")


@dataclass(frozen=True)
class Outcome:
    """A verdict, why, and the bodies (messages and tools) of the requests."""

    valid: bool
    why: str
    sent: list[Json]


class OfficialProgram:
    """BFCL's own handler and evaluation, with messages in the place of a service."""

    def __init__(self) -> None:
        sys.modules.setdefault("overrides", _module("overrides", final=lambda method: method))
        with replaced(folder()):
            config = sys.modules[f"{PACKAGE}.constants.eval_config"]
            vars(config).update(dict.fromkeys((*OF_FILES, "TEST_IDS_TO_GENERATE_PATH")))
            self.runner: Any = importlib.import_module(f"{PACKAGE}.eval_checker.eval_runner")
            handlers: Any = importlib.import_module(
                f"{PACKAGE}.model_handler.api_inference.openai_completion"
            )
        self.utils: Any = sys.modules[f"{PACKAGE}.utils"]
        vars(self.utils)["_get_file_lock"] = lambda path: contextlib.nullcontext()
        self.handler = object.__new__(handlers.OpenAICompletionsHandler)  # no client, no key
        handlers.BaseHandler.__init__(self.handler, MODEL, 0, MODEL, True)
        self.handler.model_style = handlers.ModelStyle.OPENAI_COMPLETIONS
        self.world: Any = sys.modules[f"{PACKAGE}.eval_checker.multi_turn_eval.multi_turn_utils"]

    @cache  # noqa: B019
    def prompts(self, category: str) -> list[str]:
        """Return the tests as they are asked, each as JSON: inference changes them."""
        return [json.dumps(one) for one in self.utils.load_dataset_entry(category)]

    @cache  # noqa: B019
    def tests(self, category: str) -> list[str]:
        """Return the tests as they are evaluated."""
        load = self.utils.load_dataset_entry
        found = load(category, include_prereq=False, include_language_specific_hint=False)
        return [json.dumps(one) for one in found]

    @cache  # noqa: B019
    def truths(self, category: str) -> list[Json]:
        """Return the accepted answers."""
        return list(self.utils.load_ground_truth_entry(category))

    def outcome(self, category: str, index: int, messages: Sequence[Json]) -> Outcome:
        """Return the verdict on an answer."""
        names = set(vars(self.world))
        sent: list[Json] = []
        left = iter(messages)

        def query(data: Json) -> tuple[Any, float]:
            sent.append({"messages": [_plain(one) for one in data["message"]], **_tools(data)})
            return _response(next(left)), 0.0

        self.handler._query_FC = query
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                result, _ = self.handler.inference(
                    json.loads(self.prompts(category)[index]), False, True
                )
                found = self._evaluated(category, index, result)
        finally:
            for name in set(vars(self.world)) - names:
                delattr(self.world, name)
        error = found.get("error")
        return Outcome(bool(found["valid"]), str(found.get("error_type") or error or ""), sent)

    def _evaluated(self, category: str, index: int, result: Any) -> Json:
        test = json.loads(self.tests(category)[index])
        where = self.handler, test["id"], result
        if "relevance" in category:
            return dict(self.runner._evaluate_single_relevance_entry(*where, test, MODEL, category))
        truth = self.truths(category)[index]["ground_truth"]
        if category.startswith("multi_turn"):
            return dict(
                self.runner._evaluate_single_multi_turn_entry(*where, truth, test, MODEL, category)
            )
        name = LANGUAGES.get(category, "PYTHON")
        languages = self.runner.Language[name], self.runner.ReturnFormat[name]
        return dict(
            self.runner._evaluate_single_ast_entry(*where, truth, test, MODEL, category, *languages)
        )


def _module(name: str, **words: Any) -> ModuleType:
    found = ModuleType(name)
    vars(found).update(words)
    return found


def _tools(data: Json) -> Json:
    return {"tools": data["tools"]} if data["tools"] else {}


def _plain(message: Any) -> Json:
    """Return a message of the conversation, also where it is the service's object."""
    return dict(message) if isinstance(message, dict) else dict(message.as_it_came)


def _response(message: Json) -> Any:
    """Return a message as the SDK's object."""
    calls = [
        SimpleNamespace(id=one["id"], function=SimpleNamespace(**one["function"]))
        for one in message.get("tool_calls", ())
    ]
    said = SimpleNamespace(content=message["content"], tool_calls=calls or None, as_it_came=message)
    usage = SimpleNamespace(prompt_tokens=1, completion_tokens=1)
    return SimpleNamespace(choices=[SimpleNamespace(message=said)], usage=usage)


@cache
def _prompt() -> prompt_files.Prompt:
    return prompt_files.load([SHIPPED_PROMPTS], ["baseline"])["baseline"]


def ours(task: BfclTask, instance: BfclInstance, messages: Sequence[Json]) -> Outcome:
    """Return the verdict of an episode of ours."""
    sent: list[Json] = []

    def ask(request: Request) -> Answer:
        message = messages[len(sent)]
        sent.append(
            {key: request.body[key] for key in ("messages", "tools") if key in request.body}
        )
        return Answer(Completion(message, "stop", "m"), "k", 0.0, 0.0, 0.0, 1)

    record = play(
        task, instance, _prompt(), PROTOCOLS["native"], Model("m", "p", "m"), NONE, 0,
        task.max_turns(NONE), ask,
    ).record  # fmt: skip
    return Outcome(record["success"], record["verdict"]["rule"], sent)


@dataclass
class Row:
    """What was found in a category; `same` are tests whose requests are the same."""

    tests: int = 0
    truths: int = 0
    same: int = 0
    answers: int = 0
    agreed: int = 0
    valid: int = 0
    refused: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)


def compared(name: str, program: OfficialProgram, indices: Iterable[int]) -> Row:
    """Compare all answers to some tests of a category."""
    task, row = bfcl.load(name), Row()
    for index in indices:
        instance = task.instance(NONE, index)
        row.tests += 1
        for kind, messages in variants(instance):
            mine = ours(task, instance, messages)
            theirs = program.outcome(task.category, index, messages)
            row.answers += 1
            row.kinds[kind] += 1
            row.agreed += mine.valid == theirs.valid
            row.valid += theirs.valid
            where = f"{instance.extra['id']}, {kind}"
            if mine.valid != theirs.valid:
                row.differences.append(
                    f"{where}: {mine.valid} ({mine.why}), BFCL: {theirs.valid} ({theirs.why})"[:500]
                )
            if kind == "truth":
                row.truths += theirs.valid
                row.same += is_same(mine.sent, theirs.sent)
                if not theirs.valid:
                    row.refused.append(f"{instance.extra['id']}: {theirs.why}"[:300])
    return row


def is_same(mine: Sequence[Json], theirs: Sequence[Json]) -> bool:
    """Return whether requests have the same messages and tools, but for spaces at their ends."""
    return _normal(mine) == _normal(theirs)


def _normal(sent: Sequence[Json]) -> list[Any]:
    return [
        [
            [_trimmed(one) for one in body["messages"]],
            [_shown(one) for one in body.get("tools", ())],
        ]
        for body in sent
    ]


def _trimmed(message: Json) -> Json:
    """Return a message without spaces at its ends, and in the JSON of its calls."""
    if message["role"] == "user":
        return {**message, "content": message["content"].strip()}
    calls = [
        [one["id"], one["function"]["name"], _read(one["function"]["arguments"])]
        for one in message.get("tool_calls", ())
    ]
    return {**message, "tool_calls": calls}


def _read(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _shown(tool: Json) -> Json:
    """Return a tool without the form of its results, which is not part of the API."""
    return {key: value for key, value in tool["function"].items() if key != "response"}


def table(rows: Iterable[tuple[str, Row]]) -> Iterator[str]:
    """Yield a Markdown table, row by row, then what is to be explained."""
    heads = ("tests", "truth accepted", "same requests", "answers", "accepted", "same verdict")
    yield f"| category | {' | '.join(heads)} |"
    yield f"|---|{'--:|' * len(heads)}"
    done: list[Row] = []
    for name, row in rows:
        yield _line(f"`{name}`", row)
        done.append(row)
    whole = Row(*(sum(getattr(row, one) for row in done) for one in NUMBERS))
    yield _line("all", whole)
    yield ""
    yield from (f"truth refused: {one}" for row in done for one in row.refused)
    yield from (f"DIFFERENT: {one}" for row in done for one in row.differences)


NUMBERS = ("tests", "truths", "same", "answers", "agreed", "valid")


def _line(name: str, row: Row) -> str:
    numbers = (row.tests, row.truths, row.same, row.answers, row.valid, row.agreed)
    return f"| {name} | " + " | ".join(f"{number:,}" for number in numbers) + " |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where verdicts differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, help="take each N-th test")
    parser.add_argument("--category", action="append", choices=bfcl.NAMES, help="only these")
    chosen = parser.parse_args(arguments)
    program, different = OfficialProgram(), 0

    def rows() -> Iterator[tuple[str, Row]]:
        nonlocal different
        for name in chosen.category or bfcl.NAMES:
            row = compared(name, program, range(0, bfcl.load(name).size or 0, chosen.every))
            different += row.answers - row.agreed
            yield name, row

    for line in table(rows()):
        print(line, flush=True)
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
