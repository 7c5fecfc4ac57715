"""How figures look: palettes that colour-blind readers can distinguish, light and dark."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

# M. Okabe, K. Ito, Color Universal Design (2008), without black and yellow, then darker kin
SERIES = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E69F00",
    "#7A5195",
    "#8C6D31",
    "#5F6B6D",
    "#A50F15",
)
INK, GREY, LIMIT = "#1B1F24", "#8A939D", SERIES[-1]
"""The sum of all series, the series without a colour of their own, and a limit."""
ON_DARK = dict(
    zip(
        SERIES,
        (
            *("#4AA3E8", "#F07B22", "#2BBF93", "#E08FBF", "#A9DAF7"),
            *("#F2B83A", "#B690D6", "#CDA962", "#A3B0B3", "#F0766B"),
        ),
        strict=True,
    )
) | {INK: "#E8EAED"}
"""The same hues, light enough for a dark page."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
SEQUENCE = ("#f1f5fa", "#0b4f8a")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


def config(dark: bool = False) -> Json:
    """Return the Vega-Lite config of the light or the dark page."""
    ink, quiet, line = (
        ("#e8eaed", "#a8b0ba", "#3a424d") if dark else ("#1b1f24", "#57606a", "#d8dee4")
    )
    return {
        "background": None if dark else "white",
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": ink,
            "titleColor": quiet,
            "titleFontWeight": "normal",
            "labelFontSize": 12,
            "titleFontSize": 12,
            "gridColor": line,
            "domainColor": line,
            "tickColor": line,
            "labelLimit": 220,
        },
        "axisXQuantitative": {"labelOverlap": "greedy", "labelSeparation": 10},
        "legend": {
            "labelColor": ink,
            "titleColor": quiet,
            "titleFontWeight": "normal",
            "labelFontSize": 12,
            "titleFontSize": 12,
            "orient": "top",
            "labelLimit": 260,
            "symbolSize": 90,
            "columns": 3,
            "symbolOpacity": 1,
        },
        "header": {"labelColor": ink, "titleColor": quiet, "labelFontSize": 12, "labelPadding": 4},
        "text": {"color": ink, "fontSize": 11},
        "rule": {"color": quiet},
        "range": {"category": list(SERIES)},
    }


def darkened(spec: Json) -> Json:
    """Return the spec with the colours of series for a dark page."""
    text = json.dumps(spec)
    for light, dark in ON_DARK.items():
        text = text.replace(light, dark)
    found: Json = json.loads(text)
    return found


def colours(names: list[str]) -> Json:
    """Return a colour scale that gives each name the same colour in every figure."""
    return {
        "domain": names,
        "range": [SERIES[i % len(SERIES)] for i in range(len(names))],
    }


def shapes(names: list[str]) -> Json:
    """Return a shape scale, so that no series is distinguished by colour only."""
    return {"domain": names, "range": [SHAPES[i % len(SHAPES)] for i in range(len(names))]}
