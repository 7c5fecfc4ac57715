"""The installed package `bfcl-eval`: its data, and its own functions that prepare and check it.

The package is installed without its dependencies, which are those of its 60 clients of services and
conflict with ours. What its checker does not use of them is replaced while it is imported: the
table of models (one model here, whose function names have no dots, as services require), the
parsers of Java and JavaScript (for models that are asked in text), file locks and retries.

This file imports nothing of pilotbench, since the process that executes calls uses it as well.
"""

from __future__ import annotations

import builtins
import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from types import ModuleType, SimpleNamespace
from typing import Any

Json = dict[str, Any]
PACKAGE, DISTRIBUTION = "bfcl_eval", "bfcl-eval"
VERSION = "2026.3.23"
INSTALL = f"pip install --no-deps {DISTRIBUTION}=={VERSION} mpmath==1.3.0"
MODEL = "pilotbench"
LANGUAGES = {"simple_java": "JAVA", "simple_javascript": "JAVASCRIPT"}
_PREFIX = "BFCL_v4_"
_LOCK = RLock()


class NotThere(Exception):
    """The package cannot be used; the message says why and what to do."""


def folder() -> Path:
    """Return the folder of the package. Raises NotThere."""
    try:
        found = version(DISTRIBUTION)
    except PackageNotFoundError:
        raise NotThere(f"needs the package {DISTRIBUTION}: {INSTALL}") from None
    if found != VERSION:
        raise NotThere(f"needs {DISTRIBUTION} {VERSION}, and {found} is installed: {INSTALL}")
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NotThere(f"cannot find the package {PACKAGE}: {INSTALL}")
    return Path(spec.submodule_search_locations[0])


@cache
def size(category: str) -> int:
    """Return the number of tests of a category. Raises NotThere."""
    path = folder() / "data" / f"{_PREFIX}{category}.json"
    return path.read_bytes().rstrip().count(b"\n") + 1


class Official:
    """The functions of the package, imported apart from the modules of this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entry(self, category: str, index: int, as_asked: bool = False) -> Json:
        """Return a test with its functions, `as_asked` with the hints that models see."""
        with _LOCK:
            entry = json.loads(self._lines(category)[index])
            (entry,) = self._data.populate_test_cases_with_predefined_functions([entry])
            if as_asked:
                (entry,) = self._data.add_language_specific_hint_to_function_doc([entry])
        return dict(entry)

    @cache  # noqa: B019  (one object per process)
    def _lines(self, category: str) -> list[str]:
        path = self._folder / "data" / f"{_PREFIX}{category}.json"
        return path.read_text(encoding="utf-8").rstrip().split("\n")

    @cache  # noqa: B019  (one object per process)
    def truths(self, category: str) -> list[Any] | None:
        """Return the accepted answers of a category, None where it has none."""
        path = self._folder / "data" / "possible_answer" / f"{_PREFIX}{category}.json"
        if not path.is_file():
            return None
        lines = path.read_text(encoding="utf-8").rstrip().split("\n")
        return [json.loads(line)["ground_truth"] for line in lines]

    def tools(self, functions: list[Json]) -> list[Json]:
        """Return functions as OpenAI's tools, as the package offers them."""
        kinds = self._handlers.GORILLA_TO_OPENAPI
        style = self._handlers.ModelStyle.OPENAI_COMPLETIONS
        return [
            dict(one["function"]) for one in self._handlers.convert_to_tool(functions, kinds, style)
        ]

    @property
    def further_functions(self) -> str:
        """The user message with which functions are added to a conversation."""
        return str(self._handlers.DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC)

    @property
    def most_steps(self) -> int:
        """The number of messages with calls in a turn, after which a test is failed."""
        return int(self._handlers.MAXIMUM_STEP_LIMIT)

    def check_calls(self, category: str, index: int, calls: list[Json]) -> Json:
        """Return the verdict of the package on the calls of one message."""
        if not self._data.is_function_calling_format_output(calls):
            return {"valid": False, "error_type": "ast_decoder:decoder_wrong_output_format"}
        truths = self.truths(category)
        assert truths is not None
        language = getattr(self._calls.Language, LANGUAGES.get(category, "PYTHON"))
        functions = self.entry(category, index)["function"]
        return dict(
            self._calls.ast_checker(functions, calls, truths[index], language, category, MODEL)
        )

    def check_turns(self, category: str, index: int, turns: list[list[list[str]]]) -> Json:
        """Return the verdict of the package on the steps of each turn of a conversation."""
        truths = self.truths(category)
        assert truths is not None
        if len(turns) != len(truths[index]):
            return {"valid": False, "error_type": "multi_turn:force_terminated"}
        entry = self.entry(category, index)
        safe = [[self._safe(step, entry) for step in turn] for turn in turns]
        with self._fresh():
            return dict(self._turns.multi_turn_checker(safe, truths[index], entry, category, MODEL))

    def executed(self, category: str, index: int, steps: list[list[str]]) -> list[str]:
        """Return the results of the last step in a world in which all steps are executed."""
        entry, results = self.entry(category, index), []
        with self._fresh():
            for step in steps:
                results, _ = self._world.execute_multi_turn_func_call(
                    self._safe(step, entry),
                    entry["initial_config"],
                    entry["involved_classes"],
                    MODEL,
                    entry["id"],
                    long_context="long_context" in category,
                )
        return list(results)

    def _safe(self, step: list[str], entry: Json) -> list[str]:
        """Return calls in which a name that is not a function of the test names nothing else.

        The package evaluates what a model wrote: `open(…)` would be Python's own function.
        """
        missed = (one for found in entry.get("missed_function", {}).values() for one in found)
        known = {one["name"] for one in (*entry["function"], *missed)}
        others = (set(vars(builtins)) | set(vars(self._world))) - known
        return [f"unknown_{call}" if call.split("(")[0] in others else call for call in step]

    @contextmanager
    def _fresh(self) -> Iterator[None]:
        """Forget the objects of a test, which the package keeps in a module by their names."""
        names = set(vars(self._world))
        try:
            yield
        finally:
            for name in set(vars(self._world)) - names:
                delattr(self._world, name)

    @cached_property
    def _data(self) -> Any:
        found = self._imported("utils")
        vars(found)["_get_file_lock"] = lambda path: nullcontext()
        return found

    @cached_property
    def _handlers(self) -> Any:
        return self._imported("model_handler.utils")

    @cached_property
    def _calls(self) -> Any:
        return self._imported("eval_checker.ast_eval.ast_checker")

    @cached_property
    def _turns(self) -> Any:
        return self._imported("eval_checker.multi_turn_eval.multi_turn_checker")

    @cached_property
    def _world(self) -> Any:
        return sys.modules[self._turns.execute_multi_turn_func_call.__module__]

    def _imported(self, name: str) -> ModuleType:
        with _LOCK, replaced(self._folder):
            return importlib.import_module(f"{PACKAGE}.{name}")


@cache
def official() -> Official:
    """Return the package. Raises NotThere."""
    return Official(folder())


def _nothing(*_: Any, **__: Any) -> Any:
    return None


def _replacements(folder: Path) -> dict[str, Json]:
    """Return the names of the modules that are replaced, by name of the module."""
    data = folder / "data"
    retries = ("retry", "retry_if_exception_message", "retry_if_exception_type")
    others: dict[str, Json] = {
        "filelock": {"FileLock": nullcontext},
        "tenacity": dict.fromkeys((*retries, "wait_random_exponential"), _nothing),
    }
    return {
        f"{PACKAGE}.constants.model_config": {
            "MODEL_CONFIG_MAPPING": {MODEL: SimpleNamespace(underscore_to_dot=True)}
        },
        f"{PACKAGE}.constants.eval_config": {
            "PROMPT_PATH": data,
            "POSSIBLE_ANSWER_PATH": data / "possible_answer",
            "MULTI_TURN_FUNC_DOC_PATH": data / "multi_turn_func_doc",
        },
        f"{PACKAGE}.model_handler.parser.java_parser": {"parse_java_function_call": _nothing},
        f"{PACKAGE}.model_handler.parser.js_parser": {"parse_javascript_function_call": _nothing},
        **{name: words for name, words in others.items() if find_spec(name) is None},
    }


@contextmanager
def replaced(folder: Path) -> Iterator[None]:
    """Replace modules that the package imports, as long as it is imported."""
    replacements = _replacements(folder)
    before = {name: sys.modules[name] for name in replacements if name in sys.modules}
    for name, words in replacements.items():
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(words)
    try:
        yield
    finally:
        for name in replacements:
            del sys.modules[name]
        sys.modules.update(before)
