"""The templates, style sheets and scripts of the pages, and how they are rendered."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from pilotbench.ground import shipped
from pilotbench.ground.untrusted_text import markdown, visible
from pilotbench.results.analysis.endings import cut_words
from pilotbench.results.analysis.formatting import finished, number, rate, usd

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> jinja2.Environment:
    """Return the template environment: everything is escaped unless a template says otherwise."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=lambda name: bool(name) and ".md." not in str(name),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"visible": visible, "md": markdown, "rate": rate, "usd": usd}
    env.filters |= {"finished": finished, "number": number, "inlined": inlined}
    env.filters["cut_words"] = cut_words
    env.globals |= {"build": shipped.BUILD, "command": shipped.COMMAND}
    return env


def compile_all() -> None:
    """Compile every template, so that a process which is forked from this one need not."""
    for name in environment().list_templates(extensions=["j2"]):
        environment().get_template(name)


def asset(name: str) -> str:
    """Return a style sheet or a script of the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def inlined(script: str) -> str:
    """Return JavaScript that cannot end its own script element."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def script_json(value: Any) -> str:
    """Return JSON that is safe in a script element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
