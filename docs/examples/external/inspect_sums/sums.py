"""A task of Inspect: 24 sums, scored by whether the reply contains the number."""

from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, system_message


@task
def sums() -> Task:
    return Task(
        dataset=json_dataset("sums.jsonl"),
        solver=[system_message("Answer with the number."), generate()],
        scorer=includes(),
    )
