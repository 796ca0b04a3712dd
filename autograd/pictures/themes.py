"""Colour themes, light and dark, and the colour scale of gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

FONT = "Helvetica"
FAINTEST = 0.15  # the share of its colour that the smallest gradient has


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


def _fills(*colours: str) -> dict[str, str]:
    return dict(zip(("op", "leaf", "parameter", "detached", "group"), colours, strict=True))


THEMES = {
    "light": Theme(
        paper="#ffffff",
        ink="#1f2933",
        faint="#66707c",
        pale="#c5ccd3",
        fills=_fills("#ffffff", "#dbeafe", "#fde9c4", "#e5e7eb", "#eef2ff"),
        negative="#5b9bd5",
        zero="#ffffff",
        positive="#f6b26b",
        undefined="#d9a7d9",
    ),
    "dark": Theme(
        paper="#12181f",
        ink="#e8edf2",
        faint="#97a3af",
        pale="#3d4752",
        fills=_fills("#1d2630", "#1c3a5e", "#57400f", "#343c45", "#262c4a"),
        negative="#245387",
        zero="#1d2630",
        positive="#9a5a14",
        undefined="#7a3f7a",
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


def on_log_scale(number: float, largest: float, decades: int, colours: Theme) -> str:
    """The colour of a number in -largest .. largest by its logarithm; 0 alone has the colour of zero.

    Numbers of largest / 10**decades and below in magnitude share the faintest tint.
    """
    if number == 0.0 or not math.isfinite(number) or largest <= 0.0:
        return on_scale(number, largest, colours)
    share = 1.0 + (math.log10(abs(number)) - math.log10(largest)) / decades
    end = colours.negative if number < 0.0 else colours.positive
    return mix(colours.zero, end, FAINTEST + (1.0 - FAINTEST) * min(max(share, 0.0), 1.0))


def decades_of(numbers: Iterable[float]) -> int:
    """The powers of ten from the smallest to the largest of some magnitudes, from 2 to 12; 0s are skipped."""
    sizes = [abs(x) for x in numbers if x != 0.0 and math.isfinite(x)]
    if not sizes:
        return 2
    return min(max(math.ceil(math.log10(max(sizes)) - math.log10(min(sizes))), 2), 12)


def mix(first: str, second: str, share: float) -> str:
    """The colour at `share` (0 to 1) between two colours."""
    pairs = zip(bytes.fromhex(first[1:]), bytes.fromhex(second[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
