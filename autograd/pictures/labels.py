"""Labels in DOT: text of the user's that means only itself."""

from __future__ import annotations

from html import escape


def escaped(text: str) -> str:
    """Text that means only itself inside an HTML-like label."""
    return escape("".join(c for c in text if c.isprintable())).replace("\\", r"\\")


def plain(text: str) -> str:
    """Text that means only itself as a whole label or a hint."""
    return f"<{escaped(text) or ' '}>"
