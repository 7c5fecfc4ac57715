"""Fields that no column of a table has as it is wanted: `templates` of task.yaml makes them.

A lettered question from a list of choices, a letter from a number, the number behind `####`. Each
template is rendered for each row, in the sandbox that prompts have, and becomes a column.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pilotbench.benchmark.packs.tables import Table
from pilotbench.ground.errors import TaskError, hint

if TYPE_CHECKING:
    import jinja2

Json = dict[str, Any]
WHOLE = "row"
"""The variable that has all columns by name."""


def with_fields(
    where: str, table: Table, templates: dict[str, str]
) -> tuple[Table, dict[str, str]]:
    """Return the table with a column for each field that a template makes, and its name.

    `where` is the beginning of an error about task.yaml. Raises TaskError.
    """
    if not templates:
        return table, {}
    names = {field: f"{field} (template)" for field in templates}
    made = {
        field: _template(f"{where}: templates.{field}", text, table.columns)
        for field, text in templates.items()
    }
    rows = tuple(
        (number, {**row, **_rendered(table.at(number), made, names, row)})
        for number, row in table.rows
    )
    columns = (*table.columns, *names.values())
    return replace(table, columns=columns, rows=rows, made=frozenset(names.values())), names


def _rendered(
    where: str, made: dict[str, tuple[str, jinja2.Template]], names: dict[str, str], row: Json
) -> Json:
    return {names[field]: _text(where, field, *one, row) for field, one in made.items()}


def _text(where: str, field: str, source: str, template: jinja2.Template, row: Json) -> str:
    import jinja2

    from pilotbench.benchmark.prompts import templating

    templating.start(len(source))
    try:
        return template.render({WHOLE: row, **row}).strip("\r\n")
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise TaskError(f"{where}: templates.{field}: {_line(error)}") from None


def _template(where: str, source: str, columns: tuple[str, ...]) -> tuple[str, jinja2.Template]:
    """Return a template. Raises TaskError, also for a column that the table does not have."""
    import jinja2
    from jinja2 import meta

    from pilotbench.benchmark.prompts import templating

    templating.start(len(source))
    environment = _environment()
    try:
        unknown = meta.find_undeclared_variables(environment.parse(source))
        template = environment.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise TaskError(f"{where}: line {error.lineno}: {error.message}") from None
    except (jinja2.TemplateError, RecursionError, ValueError) as error:
        raise TaskError(f"{where}: {_line(error)}") from None
    for name in sorted(unknown - {WHOLE, *columns, *environment.globals}):
        raise TaskError(
            f"{where}: no column {name!r}{hint(name, columns)}; columns: {', '.join(columns)}"
        )
    return source, template


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    import jinja2

    from pilotbench.benchmark.prompts import templating

    return templating.PromptEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
