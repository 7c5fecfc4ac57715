"""The process that compares expressions with math-verify: one JSON line in, one out.

It runs as a script, so it imports nothing of pilotbench. It is a process of its own, since sympy
can take for ever on a hostile expression, and since math-verify bounds its time by a signal that
only the main thread of a process receives.
"""

from __future__ import annotations

import json
import sys

PATIENCE_S = 5


def read(text: str) -> list[object]:
    """Return the expression of a text, and nothing where there is none or more than one."""
    from math_verify import LatexExtractionConfig, parse

    return list(parse(f"${text}$", [LatexExtractionConfig()], parsing_timeout=PATIENCE_S))


def answered(request: dict[str, str]) -> dict[str, bool]:
    """Return whether both texts can be read and, if so, whether they are equal."""
    from math_verify import verify

    wanted, given = read(request["wanted"]), read(request["given"])
    # The text that was read comes last; it alone would compare as text.
    known = len(wanted) > 1 and len(given) > 1
    return {
        "known": known,
        "wanted": len(wanted) > 1,
        "equal": known and bool(verify(wanted[:1], given[:1], timeout_seconds=PATIENCE_S)),
    }


def main() -> None:
    """Answer each line of standard input until it ends."""
    for line in sys.stdin:
        print(json.dumps(answered(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
