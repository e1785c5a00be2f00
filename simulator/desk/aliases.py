"""Gives functions of MicroPython's modules names of our own: `struct.pack` is a global of the program.

Every file that says `struct.pack` spells both names and imports the module; a name of ours is short, and a
call of it takes two bytes less than one of an attribute.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Mapping

MODULES = frozenset({"struct", "binascii"})  # nobody ever gives their functions another meaning
SAID_MIN = 3  # times in the program; less does not pay


def alias(trees: Mapping[str, ast.Module], first: str, imported: Collection[str]) -> int:
    """Changes the trees; gives how many functions have names of their own now.

    first: the module whose top level runs before all others. imported: what `import` binds in them.
    """
    modules = MODULES & set(imported)
    said = Counter(
        what for tree in trees.values() for node in ast.walk(tree) if (what := _asked(node, modules))
    )
    worth = sorted(what for what, count in said.items() if count >= SAID_MIN)
    renamer = _Renamer(set(worth))
    for tree in trees.values():
        renamer.visit(tree)
    for module, function in worth:
        trees[first].body[:0] = ast.parse(f"{_name(module, function)} = {module}.{function}").body
    return len(worth)


def _name(module: str, function: str) -> str:
    return f"{function}__{module}"


def _asked(node: ast.AST, modules: Collection[str]) -> tuple[str, str] | None:
    """Module and function of `module.function`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
        return node.value.id, node.attr
    return None


class _Renamer(ast.NodeTransformer):
    def __init__(self, worth: Collection[tuple[str, str]]) -> None:
        self._worth = worth

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """`module.function` → its name."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and (node.value.id, node.attr) in self._worth:
            return ast.copy_location(ast.Name(_name(node.value.id, node.attr), node.ctx), node)
        return node
