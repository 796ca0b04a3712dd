"""Escaping the user's text for labels in DOT."""

from __future__ import annotations

from html import escape


def escaped(text: str) -> str:
    """Text escaped for use inside an HTML-like label."""
    return escape("".join(c for c in text if c.isprintable())).replace("\\", r"\\")


def plain(text: str) -> str:
    """Text escaped as a whole label or tooltip."""
    return f"<{escaped(text) or ' '}>"
