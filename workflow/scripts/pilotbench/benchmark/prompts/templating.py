"""Jinja2 for prompts: the same bytes in every process, in bounded time and memory.

A prompt is part of an answer's identity, so a template sees nothing that differs between two runs:
no random choice, no time, no object's address (only text, numbers and lists or mappings of these
are shown). Each loop round, call, include and 250 characters of text cost one of 200,000 steps.
What would grow in one go, such as `'x' * 10**10` or a format of a billion columns, is refused
before it is made. A violation is a SecurityError of Jinja2.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any

from jinja2 import Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.visitor import NodeTransformer

MOST_STEPS = 200_000
STEP_CHARS = 250
LONGEST = 4_000_000
WIDEST = 10_000
MOST_BITS = 4096

NO_FILTERS = ("random", "attr")
NO_TESTS = ("sameas",)
NO_GLOBALS = ("lipsum",)
_WIDTHS = frozenset(
    ["center", "indent", "batch", "slice", "round", "truncate", "wordwrap", "tojson"]
)
_GROWING = frozenset(
    ["join", "replace", "indent", "wordwrap", "batch", "urlize", "xmlattr", "tojson"]
)
_WIDE_FORMAT = re.compile(r"%[-#0 +]*(?:\*|\d{4,})|%[^a-zA-Z%]*\.(?:\*|\d{4,})")
_TEXT_METHODS = """
capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit islower
isnumeric isspace istitle isupper join lower lstrip partition removeprefix removesuffix replace
rfind rindex rpartition rsplit rstrip split splitlines startswith strip swapcase title upper
"""
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_TEXT_METHODS.split()),
    tuple: frozenset(["count", "index"]),
    list: frozenset(["count", "index"]),
    dict: frozenset(["get", "items", "keys", "values"]),
    int: frozenset(),
    float: frozenset(["is_integer"]),
    range: frozenset(["count", "index"]),
}
_SEQUENCES: Any = (list, tuple, type({}.keys()), type({}.values()), type({}.items()))


class _Budget(threading.local):
    """The remaining steps of the current thread's rendering, and the cost of one iteration."""

    left = MOST_STEPS
    round_cost = 1


_budget = _Budget()


def start(length: int) -> None:
    """Begin a render of a template whose source has `length` characters."""
    _budget.left = MOST_STEPS
    _budget.round_cost = 1 + length // STEP_CHARS


def _spend(steps: int) -> None:
    _budget.left -= steps
    if _budget.left < 0:
        raise SecurityError(f"takes more than {MOST_STEPS:,} steps: an endless loop or recursion?")


def _spend_text(length: int) -> None:
    if length > LONGEST:
        raise SecurityError(f"makes a text or list of more than {LONGEST:,} characters or items")
    _spend(1 + length // STEP_CHARS)


def plain(value: Any) -> Any:
    """Return a value that is the same in every process; its size counts as steps."""
    if isinstance(value, str):
        _spend_text(len(value))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            plain(key)
            plain(inner)
    elif isinstance(value, _SEQUENCES):
        for inner in value:
            plain(inner)
    elif not isinstance(value, int | float | range | Undefined | type(None)):
        raise SecurityError(f"shows a {type(value).__name__}, which is neither text nor number")
    _spend(1)
    return value


def _size(value: Any) -> int:
    """Return characters and items within a plain value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_size(key) + _size(inner) + 4 for key, inner in value.items())
    if isinstance(value, _SEQUENCES):
        return sum(_size(inner) + 2 for inner in value)
    return len(value) if isinstance(value, range) else 8


def _rounds(values: Iterable[Any]) -> Iterator[Any]:
    """Yield the values of a loop; each costs one iteration."""
    for value in values:
        _spend(_budget.round_cost)
        yield value


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that takes and gives plain values of bounded size."""
    own = getattr(function, "jinja_pass_arg", None) is not None

    @wraps(function)
    def bounded(*args: Any, **words: Any) -> Any:
        value, *others = [plain(one) for one in args[own:]]
        _check_filter(name, value, [*others, *map(plain, words.values())])
        result = function(*args, **words)
        return plain(list(_rounds(result)) if isinstance(result, Iterator) else result)

    return bounded


def _check_filter(name: str, value: Any, others: list[Any]) -> None:
    if name in _WIDTHS and any(isinstance(n, int) and abs(n) > WIDEST for n in others):
        raise SecurityError(f"the filter {name} is given a number over {WIDEST:,}")
    if name in _GROWING and _size(value) * (1 + sum(map(_size, others))) > 10 * LONGEST:
        raise SecurityError(f"the filter {name} would make too long a text")
    if name == "sum" and any(isinstance(one, list | tuple) for one in others):
        raise SecurityError("the filter sum adds numbers only")
    if name == "format":
        _check_format(value, others)


def _check_format(text: Any, values: Any) -> None:
    """Refuse a `%` format that is wide, or whose fields are long and many."""
    if _WIDE_FORMAT.search(str(text)):
        raise SecurityError("a format is wider than 999 columns")
    _spend_text(str(text).count("%") * _size(values))


def _check_operation(operator: str, left: Any, right: Any) -> None:
    sizes = _size(plain(left)), _size(plain(right))
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    if operator == "%" and isinstance(left, str):
        _check_format(left, right)
    elif operator == "**" and numbers:
        if abs(right) * max(1, int(left).bit_length() if isinstance(left, int) else 1) > MOST_BITS:
            raise SecurityError("a power is too large")
    elif operator == "*" and isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > MOST_BITS:
            raise SecurityError("a product is too large")
    elif operator == "*" and not numbers:
        many = next((one for one in (left, right) if isinstance(one, int)), 1)
        _spend_text(max(0, many) * max(sizes))
    elif operator == "+" and not numbers:
        _spend_text(sum(sizes))


def _range(*bounds: int) -> range:
    try:
        return safe_range(*bounds)
    except OverflowError as error:
        raise SecurityError(str(error)) from None


class _Counting(NodeTransformer):
    """Make loops cost steps, and let `~` use the bounded filter."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        """Make each value of the loop cost an iteration."""
        self.generic_visit(node)
        node.iter = _filter(node.iter, "_rounds")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        """Return the filter `join` over the operands."""
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "join")


def _filter(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox of Jinja2 with bounds; see the module."""

    intercepted_binops = frozenset(["+", "-", "*", "/", "//", "**", "%"])

    def __init__(self, **options: Any) -> None:
        super().__init__(finalize=plain, **options)
        for group, names in (
            (self.filters, NO_FILTERS),
            (self.tests, NO_TESTS),
            (self.globals, NO_GLOBALS),
        ):
            for name in names:
                group.pop(name)
        self.globals["range"] = _range
        bounded = {name: _bounded(name, one) for name, one in self.filters.items()}
        self.filters |= {**bounded, "_rounds": _rounds}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Counting().visit(super()._parse(source, name, filename))
        tree.set_environment(self)
        return tree

    def get_template(self, *words: Any, **more: Any) -> Any:
        """Load a template; an include costs an iteration."""
        _spend(_budget.round_cost)
        return super().get_template(*words, **more)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Allow only methods of plain values whose results are bounded."""
        if callable(value):
            known = next((kind for kind in _METHODS if isinstance(obj, kind)), None)
            if known is not None and attr not in _METHODS[known]:
                return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """Leave `str.format` to `is_safe_attribute`, which refuses it."""

    def call(self, context: Context, called: Any, /, *args: Any, **words: Any) -> Any:
        """Call a macro, method or global; it costs an iteration and the size of its arguments."""
        _spend(_budget.round_cost)
        for value in (*args, *words.values()):
            _spend_text(len(value) if hasattr(value, "__len__") else 1)
        of = getattr(called, "__self__", None)
        if isinstance(of, str) and called.__name__ in ("replace", "join"):
            _check_filter(called.__name__, plain(of), [plain(one) for one in args])
        return super().call(context, called, *args, **words)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute a sum, product, power or format whose size is bounded."""
        _check_operation(operator, left, right)
        return super().call_binop(context, operator, left, right)
