"""Prompts are files: a short front matter, then a Jinja2 template.

    ---
    label: plan given            # the name in tables
    needs_plan: true             # planned only for tasks with reference plans (default false)
    flaw: sequence_disorder      # the flaw of its plan lines (default none); implies a plan
    examples: 5                  # how many solved examples it shows (default 0)
    ---
    {{ request }}

A template sees `request`, `task`, `difficulty`, `tools` (the names of the tools offered, empty for
a plain question), with `needs_plan` also `plan`: the list of plan lines, flawed if the front matter
names a flaw, and with `examples` the list of that name: each has `request` and `answer`. A prompt
that needs a plan or examples is planned only for tasks that have them. Files whose names begin with
an underscore are not prompts; others extend or include them by a literal name. Undefined names are
errors. Templates are rendered in the sandbox of Jinja2, within bounds on time and size
(`templating`), and white space at both ends is removed.

Loading only reads and hashes files, so planning is fast; Jinja2 is imported for rendering.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from pilotbench.benchmark.flaws import FLAWS
from pilotbench.benchmark.instances import Example, Instance
from pilotbench.ground import shipped, yaml_files
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import TemplateError, hint

if TYPE_CHECKING:
    import jinja2

SUFFIX = ".md"
STANDARD_PROMPTS = ("baseline", "cot", "optimal")
"""The prompts that `all` selects, in the order of plans and tables."""
VARIABLES = ("request", "task", "difficulty", "tools")
PLAN, EXAMPLES = "plan", "examples"
NEEDS = {
    PLAN: "; a template with a plan sets `needs_plan: true`",
    EXAMPLES: "; a template with examples says how many, such as `examples: 5`",
}
SHIPPED_PROMPTS = shipped.ROOT / "config/prompts"
"""The prompts that come with the library."""

_OF_VALUES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_FRONT = re.compile(r"\A---\n(.*?)^---[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_REFERENCE = re.compile(r"""\{%[-+]?\s*(?:extends|include|import|from)\s+(["'])(.+?)\1""")


@dataclass(frozen=True)
class Prompt:
    """One prompt template.

    `examples` is how many solved examples it shows. `sources` are the texts of its files by name,
    its own first; `sha256` covers all of them and the front matter.
    """

    name: str
    label: str
    needs_plan: bool
    flaw: str | None
    source: Path
    sha256: str
    sources: dict[str, str] = field(repr=False, compare=False)
    examples: int = 0

    def render(
        self,
        instance: Instance,
        tools: Sequence[str] = (),
        examples: Sequence[Example] = (),
    ) -> str:
        """Return the user message for `instance`, which offers the named `tools`.

        `examples` are those that the task has, of which the first ones are shown.

        Raises flaws.NotApplicable if the flaw does not apply to the instance or if the instance
        needs a plan and the prompt gives none, and TemplateError (one line, with the file) if the
        template cannot be rendered.
        """
        if not self.needs_plan:
            self._refuse_without_plan(instance)
        words: dict[str, Any] = {
            "request": instance.request,
            "task": instance.task,
            "difficulty": instance.difficulty,
            "tools": list(tools),
        }
        if self.needs_plan:
            words[PLAN] = self._plan(instance)
        if self.examples:
            words[EXAMPLES] = self._examples(instance, examples)
        return self._rendered(words)

    def check(self) -> None:
        """Raise TemplateError for an error that does not depend on the instance.

        These are wrong syntax, an unknown variable, an endless loop, or a value that differs
        between processes. What only some instances lack is found when they are rendered.
        """
        import jinja2

        words: dict[str, Any] = {**dict.fromkeys(VARIABLES, "word"), "tools": ["word"]}
        if self.needs_plan:
            words[PLAN] = ["1. word", "2. word", "3. word"]
        if self.examples:
            words[EXAMPLES] = [{"request": "word", "answer": "word"}] * self.examples
        try:
            self._text(words)
        except (jinja2.exceptions.SecurityError, RecursionError) as error:
            raise self._wrong(error) from None
        except (jinja2.TemplateError, *_OF_VALUES):
            return

    def _refuse_without_plan(self, instance: Instance) -> None:
        if instance.extra.get("briefed"):
            from pilotbench.benchmark.flaws import NotApplicable

            raise NotApplicable(
                f"the request of {instance.task} {instance.index} leaves out values that only its "
                f"plan states, and the prompt {self.name} gives no plan"
            )

    def _plan(self, instance: Instance) -> list[str]:
        from pilotbench.benchmark import flaws

        if not instance.plan:
            raise TemplateError(
                f"{self.source}: the prompt needs a reference plan and {instance.task} has none"
            )
        if self.flaw is None:
            return list(flaws.plan_lines(instance))
        return list(flaws.flawed_lines(instance, self.flaw))

    def _examples(self, instance: Instance, known: Sequence[Example]) -> list[dict[str, str]]:
        if len(known) < self.examples:
            raise TemplateError(
                f"{self.source}: the prompt shows {self.examples} examples and {instance.task} "
                f"has {len(known)}"
            )
        return [asdict(example) for example in known[: self.examples]]

    def _rendered(self, words: dict[str, Any]) -> str:
        import jinja2

        try:
            text = self._text(words)
        except (jinja2.TemplateError, RecursionError, *_OF_VALUES) as error:
            raise self._wrong(error) from None
        if not text:
            raise TemplateError(f"{self.source}: renders to nothing")
        return text

    def _text(self, words: dict[str, Any]) -> str:
        from pilotbench.benchmark.prompts import templating

        template = self._template
        templating.start(sum(map(len, self.sources.values())))
        return template.render(words).strip()

    def _wrong(self, error: Exception) -> TemplateError:
        if isinstance(error, RecursionError):
            return TemplateError(f"{self.source}: a macro, block or include calls itself")
        words = "cannot be rendered: " if isinstance(error, _OF_VALUES) else ""
        return TemplateError(f"{self.source}: {words}{_line(error)}")

    @cached_property
    def _template(self) -> jinja2.Template:
        import jinja2

        from pilotbench.benchmark.prompts import templating

        templating.start(sum(map(len, self.sources.values())))
        environment = templating.PromptEnvironment(
            undefined=jinja2.StrictUndefined,
            loader=jinja2.DictLoader(self.sources),
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )
        try:
            self._check_variables(environment)
            return cast("jinja2.Template", environment.get_template(self.source.name))
        except jinja2.TemplateSyntaxError as error:
            where = self.source.with_name(error.name or self.source.name)
            raise TemplateError(f"{where}: line {error.lineno}: {error.message}") from None
        except (RecursionError, SyntaxError):
            raise TemplateError(f"{self.source}: nests too deep") from None
        except (jinja2.TemplateError, ValueError) as error:
            raise TemplateError(f"{self.source}: {_line(error)}") from None

    def _check_variables(self, environment: jinja2.Environment) -> None:
        """Raise TemplateError for a name that is never defined, even in an untaken branch."""
        from jinja2 import TemplateSyntaxError, meta, nodes

        undefined: dict[str, str] = {}
        stored: set[str] = set()
        for file, text in self.sources.items():
            try:
                tree = environment.parse(text)
                names = meta.find_undeclared_variables(tree)
            except TemplateSyntaxError as error:
                error.name = file
                raise
            undefined |= dict.fromkeys(names, file)
            stored |= {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"}
        allowed = [*VARIABLES, *[PLAN] * self.needs_plan, *[EXAMPLES] * bool(self.examples)]
        known = {*allowed, *stored, *environment.globals}
        for name in sorted(undefined.keys() - known):
            hint = NEEDS.get(name, "")
            raise TemplateError(
                f"{self.source.with_name(undefined[name])}: undefined variable {name!r}; "
                f"allowed: {', '.join(allowed)}{hint}"
            )


def load(folders: Sequence[Path], names: Sequence[str]) -> dict[str, Prompt]:
    """Return the named prompts in order; the first folder that has a name wins.

    Raises TemplateError for an unknown name, a file that cannot be read or a wrong front matter.
    """
    return {name: _load(folders, name) for name in names}


def known(folders: Sequence[Path]) -> list[str]:
    """Return the names of all prompts in `folders`."""
    files = (path for folder in folders for path in Path(folder).glob(f"*{SUFFIX}"))
    return sorted({path.stem for path in files if not path.name.startswith(("_", "."))})


def _load(folders: Sequence[Path], name: str) -> Prompt:
    path = _find(folders, f"{name}{SUFFIX}")
    if path is None or name.startswith(("_", ".")) or "/" in name:
        raise TemplateError(f"prompts: unknown prompt {name!r}{hint(name, known(folders))}")
    front, text = _split(path)
    facts = _facts(path, front)
    sources = {path.name: text}
    for file in _referenced(folders, path, text):
        sources.setdefault(file.name, _read(file))
    return Prompt(
        name=name,
        label=facts.get("label", name),
        needs_plan=facts.get("needs_plan", False) or facts.get("flaw") is not None,
        flaw=facts.get("flaw"),
        source=path,
        sha256=digest([facts, list(sources.items())]),
        sources=sources,
        examples=facts.get("examples", 0),
    )


def _find(folders: Sequence[Path], file: str) -> Path | None:
    return next((path for f in folders if (path := Path(f) / file).is_file()), None)


def _referenced(folders: Sequence[Path], path: Path, text: str) -> list[Path]:
    """Return the files that a template extends or includes, recursively, each once."""
    found: dict[Path, None] = {}
    waiting = [(path, text)]
    while waiting:
        where, source = waiting.pop(0)
        for name in dict.fromkeys(match[1] for match in _REFERENCE.findall(source)):
            file = _find((where.parent, *folders), name)
            if file is None or not name.startswith("_"):
                raise TemplateError(f"{where}: no file {name!r} to include; its name begins with _")
            if file not in found:
                found[file] = None
                waiting.append((file, _read(file)))
    return list(found)


def _split(path: Path) -> tuple[str, str]:
    """Return front matter and template; the template keeps its line numbers."""
    text = _read(path)
    match = _FRONT.match(text)
    if match is None:
        raise TemplateError(f"{path}: begins with no front matter (---, label: …, ---)")
    return match[1], "\n" * match[0].count("\n") + text[match.end() :]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: cannot be read as UTF-8: {_line(error)}") from None


_KINDS: dict[str, type] = {"label": str, "needs_plan": bool, "flaw": str, "examples": int}
_KIND_NAMES = {bool: "true or false", int: "a whole number from 1", str: "text"}


def _facts(path: Path, front: str) -> dict[str, Any]:
    try:
        facts = yaml_files.load(front) or {}
    except yaml.YAMLError as error:
        raise TemplateError(f"{path}: front matter is not YAML: {_line(error)}") from None
    if not isinstance(facts, dict):
        raise TemplateError(f"{path}: front matter is not a mapping; allowed: {', '.join(_KINDS)}")
    for key, value in facts.items():
        if key not in _KINDS:
            raise TemplateError(f"{path}: unknown key {key!r}{hint(str(key), list(_KINDS))}")
        if not _is_allowed(value, _KINDS[key]):
            allowed = _KIND_NAMES[_KINDS[key]]
            raise TemplateError(f"{path}: {key} is {value!r}; allowed: {allowed}")
    if "flaw" in facts and facts["flaw"] not in FLAWS:
        raise TemplateError(f"{path}: unknown flaw {facts['flaw']!r}{hint(facts['flaw'], FLAWS)}")
    if "flaw" in facts and facts.get("needs_plan") is False:
        raise TemplateError(f"{path}: needs_plan is False; a prompt with a flaw needs a plan")
    return facts


def _is_allowed(value: Any, kind: type) -> bool:
    """Return whether a value of the front matter is of its kind, not empty and not below 1."""
    return (
        type(value) is kind
        and value != ""
        and not (isinstance(value, int) and kind is int and value < 1)
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
