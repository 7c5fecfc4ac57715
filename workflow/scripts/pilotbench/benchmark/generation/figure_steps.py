"""Moves that end in one number."""

from __future__ import annotations

from pilotbench.benchmark.generation import vocabulary
from pilotbench.benchmark.generation.builder import PlanBuilder, Unfit
from pilotbench.benchmark.generation.shape_steps import measure
from pilotbench.benchmark.generation.source_steps import OLD

LEAST = 1_000


def _figure(b: PlanBuilder, words_: str) -> None:
    """Note the number that flows as a fact."""
    value = b.flow.data.value
    if abs(value) < LEAST:
        raise Unfit("too small a number")
    b.fact("figure", words_, value, "value", decimals=2)
    b.outcome = "is that figure"


def aggregate(b: PlanBuilder) -> None:
    """Total or average a column."""
    column, noun = measure(b), b.theme.noun
    function, word = b.draw.pick((("sum", "total"), ("mean", "mean")))
    if len(b.rows) < 2:
        raise Unfit("too few rows")
    b.step(
        "data_processing_aggregator",
        {"data": b.flow.argument, "column": column, "function": function},
        group="shape",
        easy=f"Aggregate: take the {word} `{column}` (function `{function}`).",
        fact=f"The figure is the {word} `{column}` of the {noun}.",
        gives=f"the {word} `{column}`",
        purpose=f"take the {word} `{column}` of the {noun}",
        operation="aggregate a column",
    )
    _figure(b, f"the {word} `{column}`")


def analyze(b: PlanBuilder) -> None:
    """Take a statistic of a column."""
    column, noun = measure(b), b.theme.noun
    statistic, word = b.draw.pick(
        (("median", "median"), ("stdev", "population standard deviation"), ("range", "range"))
    )
    if len(b.rows) < 3:
        raise Unfit("too few rows")
    b.step(
        "computation_analyzer",
        {"data": b.flow.argument, "column": column, "statistic": statistic},
        group="shape",
        easy=f"Analyze: take the {word} of `{column}` (statistic `{statistic}`).",
        fact=f"The figure is the {word} of `{column}` over the {noun}.",
        gives=f"the {word} of `{column}`",
        purpose=f"take the {word} of `{column}`",
        operation="take a statistic of a column",
    )
    _figure(b, f"the {word} of `{column}`")


def predict(b: PlanBuilder) -> None:
    """Forecast a column by its linear trend."""
    column, noun, ahead = measure(b), b.theme.noun, b.draw.whole(2, 9)
    if len(b.rows) < 4:
        raise Unfit("too few rows")
    b.step(
        "computation_predictor",
        {"data": b.flow.argument, "column": column, "ahead": ahead},
        group="shape",
        easy=f"Predict `{column}` by its linear trend, {ahead} rows past the last.",
        fact=(
            f"The figure is the `{column}` that the linear trend of the {noun} "
            f"predicts {ahead} rows past the last."
        ),
        gives=f"the predicted `{column}`",
        purpose=f"predict `{column}` by its linear trend, {ahead} rows past the last",
        operation="forecast a column",
    )
    _figure(b, f"the predicted `{column}`")


def calculate(b: PlanBuilder) -> None:
    """Compute with the number that flows."""
    more = b.literal("calculate", lambda: b.draw.whole(1_000, 9_999))
    times = b.draw.whole(2, 9)
    found = isinstance(more.argument, dict)
    expression = f"x * {times} + y" if found else f"x * {times} + {more.value}"
    values = {"x": b.flow.argument, **({"y": more.argument} if found else {})}
    named = f"x the figure so far and y {more.shown}" if found else "x the figure so far"
    b.step(
        "computation_calculator",
        {"expression": expression, "values": values},
        group="shape",
        easy=f"Calculate `{expression}`, with {named}.",
        fact=f"The figure becomes `{expression}` by calculation, with {named}.",
        gives="the calculated figure",
        purpose=f"calculate `{expression}` with {named}",
        operation="calculate a number",
    )
    _figure(b, "the calculated figure")


def simulate(b: PlanBuilder) -> None:
    """Run a model of the world, from the number that flows or from a stated one."""
    name = b.target("simulate", OLD, lambda: vocabulary.name(b.draw, "model"))
    b.add_all(
        "models",
        name,
        lambda: {"factor": b.draw.whole(101, 119) / 100, "inflow": b.draw.whole(100, 999)},
    )
    steps = b.draw.whole(3, 12)
    if b.product is None:
        value = b.draw.whole(1_000, 9_999)
        start, shown, new = value, str(value), ""
    else:
        start, shown, new = b.flow.argument, "the figure so far", "new "
    model = f"the model {name.shown}" if name.shown.startswith("`") else name.shown
    b.step(
        "computation_simulator",
        {"model": name.argument, "start": start, "steps": steps},
        group="shape",
        easy=f"Simulate {steps} steps of {model} from {shown}.",
        fact=(
            f"{model[0].upper()}{model[1:]} is run for {steps} steps from {shown}: "
            f"the level that it reaches is the {new}figure."
        ),
        gives="the simulated level",
        purpose=f"simulate {steps} steps of the model from {shown}",
        operation="simulate a model",
    )
    _figure(b, "the simulated level")


STEPS = {
    "aggregate": ("data_processing_aggregator", aggregate),
    "analyze": ("computation_analyzer", analyze),
    "predict": ("computation_predictor", predict),
    "calculate": ("computation_calculator", calculate),
    "simulate": ("computation_simulator", simulate),
}
