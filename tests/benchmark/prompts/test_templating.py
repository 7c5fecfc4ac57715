"""Templates are deterministic, and end in bounded time and memory with one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.ground.errors import TemplateError

INSTANCE = Instance("easy_task", "easy", 0, "Read the file\n`a.csv` and add 1, 2 and 3.")
GREATEST_MIB = 400


def write(folder: Path, text: str, **others: str) -> Path:
    """Write the template `mine` and files that it includes; return its path."""
    folder.mkdir(exist_ok=True)
    for name, source in {"mine": f"---\n---\n{text}", **others}.items():
        (folder / f"{name}.md").write_text(source, encoding="utf-8")
    return folder / "mine.md"


def render(folder: Path, text: str, **others: str) -> str:
    """Return what a template makes of the instance."""
    write(folder, text, **others)
    return prompt_files.load([folder], ["mine"])["mine"].render(INSTANCE)


NOT_DETERMINED = {
    "a random choice": "{{ [1, 2, 3]|random }}",
    "a random text": "{{ lipsum() }}",
    "a function": "{{ range }}",
    "a method": "{{ request.upper }}",
    "a cycler": "{{ cycler('a', 'b') }}",
    "a joiner as text": "{{ joiner(',')|string }}",
    "a macro joined": "{% macro m() %}x{% endmacro %}{{ 'a' ~ m }}",
    "a macro in a list": "{% macro m() %}x{% endmacro %}{{ [m] }}",
    "a function by attr": "{{ request|attr('upper') }}",
    "a function in a format": "{{ '%s' % range }}",
    "a function in the filter format": "{{ '%s'|format(range) }}",
    "a function in a mapping": "{{ {'a': range}|tojson }}",
    "the length of an address": "{{ range|string|length }}",
    "an address through pprint": "{{ range|pprint }}",
    "an address through a set block": "{% set x %}{{ range }}{% endset %}{{ x }}",
    "the template": "{{ self }}",
    "the loop": "{% for x in [1] %}{{ loop }}{% endfor %}",
    "identity": "{{ request is sameas request }}",
    "a namespace": "{{ namespace(a=range) }}",
    "str.format": "{{ '{}'.format(range) }}",
}


@pytest.mark.parametrize("case", NOT_DETERMINED)
def test_what_may_differ_between_two_runs_is_one_line(case: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as error:
        render(tmp_path, NOT_DETERMINED[case])
    assert str(error.value).startswith(str(tmp_path / "mine.md"))
    assert "\n" not in str(error.value)


EVERYTHING = """
{% macro item(n, word='x') %}{{ n }}:{{ word }}{{ varargs }}{{ kwargs }}{% endmacro %}
{% macro boxed(n) %}[{{ caller(n) }}]{% endmacro %}
{% set ns = namespace(a=1, b=[]) %}{% set c = cycler('odd', 'even') %}{% set j = joiner(', ') %}
{% for word in request.split() %}{{ j() }}{{ loop.index }}{{ loop.cycle('a', 'b') }}{{ c.next() }}
{%- set ns.a = ns.a + loop.length %}{% if loop.last %}{{ loop.revindex }}{% endif %}{% endfor %}
{{ ns.a }} {{ {'b': 1, 'a': [1, 2.5, none, true]} }} {{ {'b': 1, 'a': 2}|dictsort }}
{{ dict(z=1, y=2) }} {{ dict(z=1).items() }} {{ dict(z=1, a=3)|items|list }} {{ range(5) }}
{{ request.split()|unique|list }} {{ request.split()|map('upper')|join('-') }}
{{ request.split()|select('in', 'add and')|list }} {{ request.split()|groupby('0')|list }}
{{ [3, 1, 2]|sort|reverse|list }} {{ {'a': range(3)|list, 'b': 'é'}|tojson }} {{ [1]|pprint }}
{{ request|wordwrap(10) }} {{ request|urlize }} {{ request|center(80) }}
{{ '%5.2f|%s' % (1/3, 'x') }}
{{ 'a' ~ 1 ~ [2] }} {{ '-' * 20 }} {{ 2 ** 10 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ '%03d'|format(7) }}
{{ item(1, 'y', 2, k=3) }}
{% call(x) boxed(1) %}{{ x }}{% endcall %} {{ request.replace('a', 'bb') }}
{{ [1, 2, 3, 4]|batch(3, 0)|list }} {{ [1, 2, 3, 4]|slice(2)|list }} {{ 3.14159|round(2) }}
{{ {}.x|default('none') }} {{ [['a', 1]]|map('first')|list }} {{ request|length }}
{% filter upper %}quiet{% endfilter %} {% set text %}in {{ task }}{% endset %}{{ text }}
{% for x in [[1, [2]], 3] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}
{% autoescape true %}{{ '<b>' }}{% endautoescape %} {{ '<b>'|e }} {{ 1048576|filesizeformat }}
{% include '_part.md' %}
"""
PART = "{{ request|trim }} {{ [1, 2]|sum }} {{ {'a': 1}|xmlattr }} {{ 'a b'|urlencode }}"
CODE = """
import sys, json; from pathlib import Path
from pilotbench.benchmark.prompts import prompt_files as prompts
from pilotbench.benchmark.instances import Instance
instance = Instance("easy_task", "easy", 0, json.loads(sys.argv[2]))
print(prompts.load([Path(sys.argv[1])], ["mine"])["mine"].render(instance))
"""


def test_two_processes_make_the_same_bytes_of_all_that_a_template_can_do(tmp_path: Path) -> None:
    write(tmp_path, EVERYTHING, _part=PART)
    command = [sys.executable, "-c", CODE, str(tmp_path), json.dumps(INSTANCE.request)]
    made = {
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(made) == 1
    assert b" at 0x" not in made.pop()


ENDLESS = {
    "nested loops": "{% for a in range(9999) %}" * 4 + "x" + "{% endfor %}" * 4,
    "loops that show nothing": "x" + "{% for a in range(9999) %}" * 4 + "{% endfor %}" * 4,
    "a loop over a long range": "{% for a in range(10**12) %}x{% endfor %}",
    "a long list": "{{ range(99999)|list * 1000 }}",
    "a long text": "{{ ('x' * 10**10)|length }}",
    "a long text by a number on the left": "{{ (10**10 * 'x')|length }}",
    "a power": "{{ 9**(9**9) }}",
    "a power in a condition": "x{% if 9**(9**9) > 1 %}{% endif %}",
    "a product": "{% set n = namespace(x=2) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}"
    "{% endfor %}{{ n.x }}",
    "a centre": "{{ 'x'|center(10**10) }}",
    "a constant centre": "{{ 'x'|center(10000000000) }}",
    "a method that pads": "{{ 'x'.ljust(10000000000) }}",
    "a method that fills": "{{ 'x'.zfill(10000000000) }}",
    "tabs": "{{ '\t'.expandtabs(10000000000) }}",
    "bytes": "{{ (1).to_bytes(10000000000, 'big') }}",
    "an indent": "{{ request|indent(10000000000) }}",
    "a wide format": "{{ '%1000000000d'|format(1) }}",
    "a wide format by an argument": "{{ '%*d'|format(1000000000, 1) }}",
    "a precise format": "{{ '%.1000000000f' % 1.5 }}",
    "a wide str.format": "{{ '{:1000000000d}'.format(1) }}",
    "a replace": "{{ ('x' * 9999)|replace('', 'y' * 99999) }}",
    "a method that replaces": "{{ ('x' * 9999).replace('', 'y' * 99999) }}",
    "a join": "{{ range(9999)|join('y' * 99999) }}",
    "a method that joins": "{{ ('y' * 99999).join(request.split() * 9999) }}",
    "many fields": "{{ ('%s' * 9999) % ((('y' * 99999,)) * 9999) }}",
    "doubling by +": "{% set n = namespace(x='xy') %}{% for i in range(99) %}"
    "{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "doubling by ~": "{% set n = namespace(x='xy') %}{% for i in range(99) %}"
    "{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    "doubling by a block": "{% set n = namespace(x='xy') %}{% for i in range(99) %}"
    "{% set y %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = y %}{% endfor %}{{ n.x }}",
    "doubling by nested lists": "{% set n = namespace(x=[1]) %}{% for i in range(99) %}"
    "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "doubling by extend": "{% set l = [1] %}{% for i in range(99) %}{{ l.extend(l) }}{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a macro that calls itself twice": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}"
    "{% endif %}{% endmacro %}{{ m(99) }}x",
    "a block that shows itself": "{% block b %}{{ self.b() }}{% endblock %}",
    "an include of itself": "{% include '_self.md' %}",
    "an include of itself twice": "{% include '_twice.md' %}",
    "a recursive loop": "{% for x in [1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
    "slices without end": "{{ [1]|slice(10000000000)|list }}",
    "batches filled": "{{ [1]|batch(10000000000, 0)|list }}",
    "a sum of lists": "{{ ([[1]] * 99999)|sum(start=[]) }}",
    "a rounding": "{{ 1.5|round(1000000000, 'ceil') }}",
    "a huge number": "{{ " + "9" * 5000 + " }}",
    "brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "conditions": "{% if true %}" * 3000 + "x" + "{% endif %}" * 3000,
    "loops as deep as Python nests": "{% for a in [1] %}" * 60 + "x" + "{% endfor %}" * 60,
    "lines without end": "{% for i in range(9999) %}" + "x" * 99_999 + "{% endfor %}",
    "a wrap": "{{ ('x ' * 99999)|wordwrap(1, wrapstring='y' * 99999) }}",
    "json": "{{ ([1] * 99999)|tojson(indent=100000) }}",
    "a tuple of constants": "{{ (1,) * 10000000000 }}",
}
OTHERS = {"_self": "x{% include '_self.md' %}", "_twice": "x{% include '_twice.md' %}" * 2}
ONE = """
import resource, sys; from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]) << 20,) * 2)
from pilotbench.benchmark.prompts import prompt_files as prompts
from pilotbench.ground import errors
from pilotbench.benchmark.instances import Instance
for folder in sorted(Path(sys.argv[1]).iterdir()):
    try:
        prompt = prompts.load([folder], ["mine"])["mine"]
        if sys.argv[3] == "check":
            prompt.check()
            text = ""
        else:
            text = prompt.render(Instance("easy_task", "easy", 0, "Do it."))
        print(folder.name, "rendered", len(text), flush=True)
    except errors.TemplateError as error:
        print(folder.name, "refused", error, flush=True)
"""


@pytest.mark.parametrize("how", ["check", "render"])
def test_templates_without_end_are_one_line_each_in_bounded_memory(
    how: str, tmp_path: Path
) -> None:
    """All are made by one process with little memory; the check before a run finds them too."""
    for number, text in enumerate(ENDLESS.values()):
        write(tmp_path / f"{number:03d}", text, **OTHERS)
    done = subprocess.run(
        [sys.executable, "-c", ONE, str(tmp_path), str(GREATEST_MIB), how],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    wrong = [
        f"{case}: {line}"
        for case, line in zip(ENDLESS, lines, strict=True)
        if " refused " not in line or "/mine.md: " not in line
    ]
    assert wrong == []


def test_a_prompt_of_ordinary_size_is_far_from_the_bounds(tmp_path: Path) -> None:
    long = "word " * 200_000
    write(
        tmp_path, "{% for n in range(500) %}{{ loop.index }}. {{ task }}\n{% endfor %}{{ request }}"
    )
    prompt = prompt_files.load([tmp_path], ["mine"])["mine"]
    text = prompt.render(Instance("t", "easy", 0, long))
    assert text.count("\n") == 500
    assert text.endswith("word")


@pytest.mark.parametrize(
    "text", ["{{ request.split()[7] }}", "{{ request|int / 0 }}", "{% include task %}", " "]
)
def test_what_only_some_instances_lack_is_no_fault_of_the_template(
    text: str, tmp_path: Path
) -> None:
    write(tmp_path, f"x{text}")
    prompt_files.load([tmp_path], ["mine"])["mine"].check()
