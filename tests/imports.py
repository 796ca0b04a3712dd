"""The imports of a file, as the tests of layers read them."""

import ast


def imported_names(node, path):
    """The dotted names that a node of a file's syntax tree imports; none for another node."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{path}: imports are written in full"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []
