"""Short names for the device, which keeps every name in RAM: private ones and parameters; and nothing else.

A private name of a module's top level gets a short one of its own; private attributes share short ones, class
for class in the same module; a parameter that nobody passes by keyword is known to its function alone.
"""

from __future__ import annotations

import ast

OF_MODULE = "_of_"  # in the name of a private attribute, between the number of its module and its own


class PrivateNameError(Exception):
    """A private attribute is used outside of its module: its short name would be another one there."""


def is_private(name: str) -> bool:
    """Whether the name is private to its module or class."""
    return name.startswith("_") and not name.startswith("__") and name != "_"


def top_level(body: list[ast.stmt]) -> set[str]:
    """The names that these statements bind at the top level."""
    found = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
            continue
        found |= {
            n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
    return found


def used_names(node: ast.AST) -> set[str]:
    """The names that `node` wants from its module: those that no function around them binds."""
    used: set[str] = set()
    own: set[str] = set()
    for child in ast.iter_child_nodes(node):
        used |= used_names(child)
    if isinstance(node, ast.Name):
        used.add(node.id)
    elif isinstance(node, ast.FunctionDef | ast.Lambda):
        inner = {arg.arg for arg in ast.walk(node) if isinstance(arg, ast.arg)}
        own = set(bound_in(node)) - inner | {
            arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)
        }
        own |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        own -= {name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names}
    return used - own


def bound_in(function: ast.FunctionDef | ast.Lambda) -> list[str]:
    """What a function and those inside it bind, `global` names aside: parameters first, in their order."""
    names = {node.arg: None for node in ast.walk(function) if isinstance(node, ast.arg)}
    outside: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names[node.id] = None
        elif isinstance(node, ast.ExceptHandler | ast.FunctionDef) and node is not function and node.name:
            names[node.name] = None
        elif isinstance(node, ast.Global):
            outside |= set(node.names)
    return [name for name in names if name not in outside]


def short_private(body: list[ast.stmt], number: int) -> dict[str, str]:
    """Short names for the private top level of the module with this number."""
    private = sorted(name for name in top_level(body) if is_private(name))
    return {name: f"_{number}_{at}" for at, name in enumerate(private)}


class Joiner(ast.NodeTransformer):
    """`alias.name` → `name`; private names → short ones."""

    def __init__(self, module: str, number: int, aliases: set[str], private: dict[str, str]) -> None:
        self._module = module
        self._number = number
        self._aliases = aliases
        self._private = private
        self._own: set[str] = set()
        self._depth = 0

    def join(self, tree: ast.Module) -> None:
        """Changes the tree. Raises PrivateNameError for a private attribute that the module never sets."""
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                self._own.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                self._own.add(node.attr)
        self.visit(tree)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Attributes, and names of aliased modules."""
        if isinstance(node.value, ast.Name) and node.value.id in self._aliases:
            return ast.Name(self._private.get(node.attr, node.attr), node.ctx)
        self.generic_visit(node)
        if is_private(node.attr) and node.attr not in self._own:
            raise PrivateNameError(f"{self._module} uses {node.attr}, which is private elsewhere")
        node.attr = self._short(node.attr)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Names."""
        node.id = self._private.get(node.id, node.id)
        return node

    def visit_Global(self, node: ast.Global) -> ast.stmt:
        """Names that a function binds in its module."""
        node.names = [self._private.get(name, name) for name in node.names]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Classes."""
        node.name = self._private.get(node.name, node.name)
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Functions and methods."""
        node.name = self._short(node.name) if self._depth else self._private.get(node.name, node.name)
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    def _short(self, name: str) -> str:
        return f"_{self._number}{OF_MODULE}{name.lstrip('_')}" if is_private(name) else name


def keywords_of(trees: list[ast.Module]) -> set[str]:
    """The names that calls in these trees pass by keyword."""
    return {
        node.arg for tree in trees for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg
    }
