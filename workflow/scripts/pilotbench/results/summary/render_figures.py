"""Write figures as SVG and PNG, offline, and their captions."""

from __future__ import annotations

import copy
import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pilotbench.ground import atomic_files
from pilotbench.ground.errors import PilotbenchError
from pilotbench.ground.untrusted_text import restructured_text
from pilotbench.results.summary import CAPTIONS
from pilotbench.results.summary.figures import theme
from pilotbench.results.summary.figures.base import Drawing, Drawings

WIDTH, NARROW = 720, 250


def write(drawings: Drawings, folder: Path) -> None:
    """Write `folder`/{name}.svg and .png of each figure, light, at a fixed width; the captions.

    Figures of an earlier selection are removed.
    """
    import vl_convert

    folder.mkdir(parents=True, exist_ok=True)
    names = {figure.name for figure in drawings}
    for old in [*folder.glob("*.svg"), *folder.glob("*.png")]:
        if old.stem not in names:
            old.unlink()
    for figure, drawing in drawings.items():
        svg = vl_convert.vegalite_to_svg(still(drawing.spec))
        atomic_files.write_text(folder / f"{figure.name}.svg", _named(svg, drawing))
        atomic_files.write_bytes(folder / f"{figure.name}.png", vl_convert.svg_to_png(svg, scale=2))
    atomic_files.write_text(folder / CAPTIONS.name, captions(drawings))


def captions(drawings: Drawings) -> str:
    """Return a template of Snakemake's report: the caption of the figure that a wildcard names."""
    words = {figure.name: restructured_text(drawing.says) for figure, drawing in drawings.items()}
    return f"{{{{ {json.dumps(words, ensure_ascii=False)}[snakemake.wildcards.figure] }}}}\n"


def still(
    spec: dict[str, Any], width: int = WIDTH, config: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the spec for a picture: fixed width, light unless `config` says so, and no menus."""
    fixed = copy.deepcopy(spec) | {"config": config or theme.config(), "padding": 12}
    if fixed.get("width") == "container":
        fixed["width"] = width
    for param in fixed.get("params", []):
        param.pop("bind", None)
    legend = {**fixed["config"]["legend"], "columns": columns(spec, width)}
    fixed["config"] = {**fixed["config"], "legend": legend}
    return fixed


def columns(spec: dict[str, Any], width: int) -> int:
    """Return how many columns of a legend fit, so that no word is cut."""
    layers = spec.get("layer") or spec.get("spec", {}).get("layer", ())
    colours = [layer.get("encoding", {}).get("color", {}) for layer in layers]
    domains = [c["scale"].get("domain", ()) for c in colours if c.get("scale")]
    longest = max((len(str(word)) for domain in domains for word in domain), default=1)
    return max(1, int(width / (7 * longest + 30)))


def _named(svg: str, drawing: Drawing) -> str:
    """Add title and description for screen readers."""
    from markupsafe import escape

    words = f"<title>{escape(drawing.title)}</title><desc>{escape(drawing.alt)}</desc>"
    head, _, rest = svg.partition(">")
    return f'{head} role="img">{words}{rest}'


ROOM = {"left": 36, "right": 20, "top": 12, "bottom": 12}
"""px around a picture: a browser's letters may be wider than those that it was laid out with."""
_BUNDLE = """
import sys, vl_convert
sys.stdout.buffer.write(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").encode())
"""


@contextmanager
def javascript() -> Iterator[Callable[[], str]]:
    """Yield a function that returns Vega, Vega-Lite and Vega-Embed as one script.

    The environment keeps it after the first summary. Until then a process makes it meanwhile: that
    takes more than a second, and vl-convert keeps other threads of this process from running.
    """
    if kept := _kept():
        yield lambda: kept
        return
    with subprocess.Popen([sys.executable, "-c", _BUNDLE], stdout=subprocess.PIPE) as process:

        def wait() -> str:
            script = process.communicate()[0]
            if process.returncode:
                raise PilotbenchError("the page's script could not be made: see the lines above")
            with suppress(OSError):  # the environment may belong to someone else
                bundle_file().parent.mkdir(exist_ok=True)
                atomic_files.write_bytes(bundle_file(), script)
            return script.decode()

        try:
            yield wait
        finally:
            process.kill()


def _kept() -> str:
    """Return the script that an earlier summary made in this environment, or an empty text."""
    try:
        return bundle_file().read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return ""


def bundle_file() -> Path:
    """Return where the environment keeps the script of its version of vl-convert."""
    version = importlib.metadata.version("vl-convert-python")
    return Path(sys.prefix, "cache", f"vega-{version}.js")


def pictures(spec: dict[str, Any]) -> dict[str, str]:
    """Return a figure as SVG pictures in data URLs: `light` and `dark`, wide and `-narrow`."""
    import base64

    import vl_convert

    found = {}
    for name, dark in (("light", False), ("dark", True)):
        for suffix, width in (("", WIDTH), ("-narrow", NARROW)):
            drawn = still(spec, width, theme.config(dark) | {"background": "transparent"})
            drawn |= {"padding": ROOM}
            drawn = theme.darkened(drawn) if dark else drawn
            svg = vl_convert.vegalite_to_svg(drawn).encode("utf-8")
            found[name + suffix] = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    return found
