"""Prompts: templates are files, what is wrong with one is one line, hashes cover all of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pilotbench.benchmark import flaws
from pilotbench.benchmark.briefed.task import TASK as BRIEFED
from pilotbench.benchmark.flaws import FLAWED
from pilotbench.benchmark.instances import Example, Instance
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.prompts.prompt_files import STANDARD_PROMPTS
from pilotbench.benchmark.tasks import TASKS
from pilotbench.ground.errors import TemplateError

FOLDER = Path(__file__).resolve().parents[3] / "config" / "prompts"
TEN = (*STANDARD_PROMPTS, *FLAWED)
PIPELINE = TASKS["data_pipeline"].instance("easy", 0)


def write(folder: Path, name: str, text: str) -> Path:
    """Write a template file."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, name: str = "mine") -> prompt_files.Prompt:
    """Load one prompt."""
    return prompt_files.load([folder], [name])[name]


def test_ten_prompts_are_shipped_and_one_for_questions() -> None:
    assert prompt_files.known([FOLDER]) == sorted([*TEN, "chatty", "few_shot"])
    for prompt in prompt_files.load([FOLDER], [*TEN, "chatty", "few_shot"]).values():
        prompt.check()


def test_cot_speaks_of_calls_only_where_tools_are_offered() -> None:
    prompt = load(FOLDER, "cot")
    with_tools = prompt.render(PIPELINE, tools=["read_file", "finish"])
    assert with_tools.endswith("Only then make your next call or give your answer.")
    assert prompt.render(PIPELINE).endswith("Only then give your answer.")


def test_few_shot_shows_the_first_of_the_examples_before_the_question() -> None:
    known = [Example(f"What is {n} + 1?", str(n + 1)) for n in range(9)]
    text = load(FOLDER, "few_shot").render(Instance("sums", "none", 0, "What is 7 + 7?"), (), known)
    shown = "".join(f"Question: What is {n} + 1?\nAnswer: {n + 1}\n\n" for n in range(5))
    assert text == f"{shown}Question: What is 7 + 7?\nAnswer:"


def test_too_few_examples_are_one_line(tmp_path: Path) -> None:
    few = [Example("What is 1 + 1?", "2")]
    with pytest.raises(TemplateError, match=r"few_shot.md: .* shows 5 examples and sums has 1"):
        load(FOLDER, "few_shot").render(Instance("sums", "none", 0, "What?"), (), few)


@pytest.mark.parametrize("name", TEN)
def test_front_matter_says_what_the_name_promises(name: str) -> None:
    prompt = load(FOLDER, name)
    assert prompt.needs_plan == (name not in ("baseline", "cot"))
    assert prompt.flaw == (name.removeprefix("flawed_") if name in FLAWED else None)


def test_baseline_is_only_the_request_and_the_others_add_to_it() -> None:
    rendered = {
        name: prompt.render(PIPELINE)
        for name, prompt in prompt_files.load([FOLDER], STANDARD_PROMPTS).items()
    }
    assert rendered["baseline"] == PIPELINE.request
    assert "step by step" in rendered["cot"]
    for line in flaws.plan_lines(PIPELINE):
        assert line in rendered["optimal"]
    assert all(text.startswith(PIPELINE.request) for text in rendered.values())


@pytest.mark.parametrize("name", FLAWED)
def test_a_flawed_prompt_has_the_wording_of_optimal_and_other_lines(name: str) -> None:
    optimal, flawed = load(FOLDER, "optimal"), load(FOLDER, name)
    rendered = changed = 0
    for task in TASKS.values():
        for index in range(6):
            instance = task.instance("easy", index)
            try:
                lines = flawed.render(instance).splitlines()
            except flaws.NotApplicable:
                continue
            rendered += 1
            changed += lines != optimal.render(instance).splitlines()
            assert instance.request in "\n".join(lines)
            assert "flaw" not in "\n".join(lines).lower()
    assert changed == rendered > 0


BROKEN = {
    "an undefined variable": ("---\nlabel: x\n---\n{{ requst }}", "undefined variable 'requst'"),
    "one in a branch not taken": (
        "---\nlabel: x\n---\n{{ request }}{% if task == '?' %}{{ nope }}{% endif %}",
        "undefined variable 'nope'",
    ),
    "a plan that is not declared": ("---\nlabel: x\n---\n{{ plan }}", "needs_plan: true"),
    "examples that are not declared": ("---\nlabel: x\n---\n{{ examples }}", "`examples: 5`"),
    "a number of examples that is none": ("---\nexamples: 0\n---\nx", "a whole number from 1"),
    "examples that are true": ("---\nexamples: true\n---\nx", "a whole number from 1"),
    "bad syntax": ("---\nlabel: x\n---\n\n{% if %}", "line 5"),
    "an unknown filter": ("---\nlabel: x\n---\n{{ request|shout }}", "shout"),
    "a missing attribute": ("---\nlabel: x\n---\n{{ request.nothing }}", "nothing"),
    "a way out of the sandbox": (
        "---\nlabel: x\n---\n{{ request.__class__.__mro__ }}",
        "unsafe",
    ),
    "an endless range": ("---\nlabel: x\n---\n{% for i in range(10**9) %}x{% endfor %}", "ange"),
    "a sum of words and numbers": ("---\nlabel: x\n---\n{{ request + 1 }}", "cannot be rendered"),
    "nothing": ("---\nlabel: x\n---\n \n", "renders to nothing"),
    "no front matter": ("{{ request }}", "no front matter"),
    "front matter that does not end": ("---\nlabel: x\n{{ request }}", "no front matter"),
    "front matter that is no YAML": ("---\nlabel: [\n---\nx", "not YAML"),
    "front matter that is a list": ("---\n- a\n---\nx", "front matter is not a mapping"),
    "an unknown key": ("---\nlable: x\n---\nx", "did you mean label?"),
    "a wrong type": ("---\nneeds_plan: perhaps\n---\nx", "allowed: true or false"),
    "an unknown flaw": ("---\nflaw: tool_missuse\n---\nx", "did you mean tool_misuse?"),
    "a flaw without a plan": ("---\nflaw: tool_misuse\nneeds_plan: false\n---\nx", "needs a plan"),
    "an include that is missing": ('---\n---\n{% include "_x.md" %}', "no file '_x.md'"),
    "an include of a prompt": ('---\n---\n{% include "mine.md" %}', "begins with _"),
    "an include by a computed name": ("---\n---\n{% include task %}", "easy_task"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_template_is_one_line_that_names_file_and_fault(case: str, tmp_path: Path) -> None:
    text, words = BROKEN[case]
    path = write(tmp_path, "mine", text)
    with pytest.raises(TemplateError) as error:
        load(tmp_path).render(Instance("easy_task", "easy", 0, "Do it."))
    message = str(error.value)
    assert words in message
    assert str(path) in message
    assert "\n" not in message


def test_a_file_that_is_not_utf_8_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_bytes(b"---\n---\n\xff")
    with pytest.raises(TemplateError, match="cannot be read as UTF-8"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["optimum", "_plan", "../prompts/optimal", "", "/etc/passwd"])
def test_an_unknown_prompt_is_an_error_that_says_what_there_is(name: str) -> None:
    with pytest.raises(TemplateError, match="unknown prompt"):
        load(FOLDER, name)


def test_the_first_folder_that_has_a_name_wins(tmp_path: Path) -> None:
    write(tmp_path / "a", "mine", "---\nlabel: a\n---\nA")
    write(tmp_path / "b", "mine", "---\nlabel: b\n---\nB")
    assert prompt_files.load([tmp_path / "b", tmp_path / "a"], ["mine"])["mine"].label == "b"


def test_the_hash_covers_front_matter_text_and_what_is_included(tmp_path: Path) -> None:
    write(tmp_path, "_inner", "one")
    write(tmp_path, "_outer", '{% include "_inner.md" %}')
    write(tmp_path, "mine", '---\nlabel: x\n---\n{% include "_outer.md" %}')
    hashes = [load(tmp_path).sha256]
    write(tmp_path, "_inner", "two")
    hashes.append(load(tmp_path).sha256)
    write(tmp_path, "mine", '---\nlabel: y\n---\n{% include "_outer.md" %}')
    hashes.append(load(tmp_path).sha256)
    write(tmp_path, "mine", '---\nlabel: y\n---\n{% include "_outer.md" %}!')
    hashes.append(load(tmp_path).sha256)
    assert len(set(hashes)) == 4


def test_a_template_may_extend_and_set(tmp_path: Path) -> None:
    write(tmp_path, "_base", "{{ greeting }} {% block body %}{% endblock %}")
    child = '{% extends "_base.md" %}{% set greeting = "Hello" %}{% block body %}x{% endblock %}'
    write(tmp_path, "mine", f"---\n---\n{child}")
    assert load(tmp_path).render(Instance("t", "easy", 0, "r")) == "Hello x"


def test_a_request_is_never_read_as_a_template(tmp_path: Path) -> None:
    write(tmp_path, "mine", "---\n---\n{{ request }}")
    request = "{{ 7 * 7 }} {% include 'x' %} <b>&amp;"
    assert load(tmp_path).render(Instance("t", "easy", 0, request)) == request


def test_a_prompt_that_needs_a_plan_says_so_where_there_is_none() -> None:
    with pytest.raises(TemplateError, match="needs a reference plan and quiz has none"):
        load(FOLDER, "optimal").render(Instance("quiz", "none", 0, "What?"))


def test_loading_does_not_import_jinja2() -> None:
    code = (
        "import sys; from pathlib import Path; "
        "from pilotbench.benchmark.prompts import prompt_files as prompts; "
        f"prompts.load([Path({str(FOLDER)!r})], {TEN!r}); assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


@pytest.mark.parametrize(
    ("name", "applies"),
    [("baseline", False), ("cot", False), ("optimal", True), ("flawed_tool_misuse", True)],
)
def test_a_request_that_needs_its_plan_is_only_asked_with_one(name: str, applies: bool) -> None:
    instance, prompt = BRIEFED.instance("easy", 0), load(FOLDER, name)
    if applies:
        assert "Plan:" in prompt.render(instance)
        return
    with pytest.raises(
        flaws.NotApplicable, match=f"leaves out values .* the prompt {name} gives no plan"
    ):
        prompt.render(instance)
