"""Colour themes, light and dark, and the colour scale of gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass

FONT = "Helvetica"


@dataclass(frozen=True)
class Theme:
    """Colours as "#rrggbb".

    Attributes:
        paper, ink, faint, pale: the background, text, secondary text and lines, and everything faded.
        fills: the fill colour of each kind of box.
        negative, zero, positive: the scale of gradients and weights. Blue and orange are distinct for
            colour-blind readers, and orange is the lighter of the two in grey.
        undefined: nan and infinities.
    """

    paper: str
    ink: str
    faint: str
    pale: str
    fills: dict[str, str]
    negative: str
    zero: str
    positive: str
    undefined: str


THEMES = {
    "light": Theme(
        "#ffffff",
        "#1f2933",
        "#66707c",
        "#c5ccd3",
        {
            "op": "#ffffff",
            "leaf": "#dbeafe",
            "parameter": "#fde9c4",
            "detached": "#e5e7eb",
            "group": "#eef2ff",
        },
        "#5b9bd5",
        "#ffffff",
        "#f6b26b",
        "#d9a7d9",
    ),
    "dark": Theme(
        "#12181f",
        "#e8edf2",
        "#97a3af",
        "#3d4752",
        {
            "op": "#1d2630",
            "leaf": "#1c3a5e",
            "parameter": "#57400f",
            "detached": "#343c45",
            "group": "#262c4a",
        },
        "#245387",
        "#1d2630",
        "#9a5a14",
        "#7a3f7a",
    ),
}


def theme(dark: bool) -> Theme:
    """The theme for a dark or a light page."""
    return THEMES["dark" if dark else "light"]


def on_scale(number: float, largest: float, colours: Theme) -> str:
    """The colour of a number in -largest .. largest, by its square root so that small numbers show."""
    if not math.isfinite(number):
        return colours.undefined
    share = math.sqrt(abs(number) / largest) if largest > 0.0 else 0.0
    return mix(colours.zero, colours.negative if number < 0.0 else colours.positive, min(share, 1.0))


def mix(first: str, second: str, share: float) -> str:
    """The colour at `share` (0 to 1) between two colours."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
