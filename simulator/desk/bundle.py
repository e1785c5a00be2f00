"""Joins the folded modules of the terminal into one: on the device each module costs half a kilobyte of heap.

Names are joined with them, since MicroPython keeps every one in RAM: a private name of a module's top level
gets a short one of its own; private attributes share short ones, class for class in the same module; a
parameter that nobody passes by keyword is known to its function alone.
"""

from __future__ import annotations

import ast
from pathlib import Path

from .fold import Folder


class CollisionError(Exception):
    """Two modules use one public name at their top level; rename one of them."""


def bundle(root: Path, sources: list[Path], main: str) -> str:
    """One source that holds module `main` and all of `sources` that it needs.

    Raises CollisionError when the top levels cannot be joined.
    """
    folder = Folder(root, sources)
    trees: dict[str, ast.Module] = {}
    _collect(folder, main, trees)
    foreign: dict[str, None] = {}
    names: dict[str, str] = {}
    body: list[ast.stmt] = []
    for number, (module, tree) in enumerate(trees.items()):
        aliases = _aliases(folder, module, tree)
        tree.body = _without_imports(tree, folder, module, foreign)
        _claim(names, tree, module)
        _Joiner(aliases, _private_top_level(tree, number)).visit(tree)
        body += tree.body
    joined = ast.Module(body, [])
    _shorten_parameters(joined)
    return "\n".join([*foreign, ast.unparse(ast.fix_missing_locations(joined))])


def _collect(folder: Folder, module: str, trees: dict[str, ast.Module]) -> None:
    """`module` and what it imports, what is needed first first."""
    if module in trees:
        return
    tree = folder.fold(module)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for needed in folder.imports_of(module, node):
                if needed != module:
                    _collect(folder, needed, trees)
    trees[module] = tree


def _aliases(folder: Folder, module: str, tree: ast.Module) -> set[str]:
    """Names under which whole modules are known."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if any(needed.endswith("." + alias.name) for needed in folder.imports_of(module, node))
    }


def _without_imports(
    tree: ast.Module, folder: Folder, module: str, foreign: dict[str, None]
) -> list[ast.stmt]:
    """The top level without imports (those of others go to `foreign`) and without the start of a script."""
    kept: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            foreign[ast.unparse(statement)] = None
        elif isinstance(statement, ast.ImportFrom):
            if not folder.imports_of(module, statement):
                foreign[ast.unparse(statement)] = None
        elif not (isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test)):
            kept.append(statement)
    return kept


def _top_level(tree: ast.Module) -> set[str]:
    found = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
            continue
        found |= {
            n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
    return found


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def _private_top_level(tree: ast.Module, number: int) -> dict[str, str]:
    private = sorted(name for name in _top_level(tree) if _is_private(name))
    return {name: f"_{number}_{at}" for at, name in enumerate(private)}


def _claim(names: dict[str, str], tree: ast.Module, module: str) -> None:
    for name in _top_level(tree):
        if not _is_private(name):
            if name in names:
                raise CollisionError(f"{name} is in {names[name]} and in {module}")
            names[name] = module


class _Joiner(ast.NodeTransformer):
    """`alias.name` → `name`; private names → short ones."""

    def __init__(self, aliases: set[str], private: dict[str, str]) -> None:
        self._aliases = aliases
        self._private = private
        self._attributes: dict[str, str] = {}
        self._depth = 0

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in self._aliases:
            return ast.Name(node.attr, node.ctx)
        self.generic_visit(node)
        node.attr = self._short(node.attr)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        node.id = self._private.get(node.id, node.id)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._private.get(node.name, node.name)
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._short(node.name) if self._depth else self._private.get(node.name, node.name)
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    def _short(self, name: str) -> str:
        return self._attributes.setdefault(name, f"_{len(self._attributes)}") if _is_private(name) else name


def _shorten_parameters(tree: ast.Module) -> None:
    """Positional parameters → `a0`, `a1`, … where the function has no inner one that could see them."""
    keywords = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        inner = [
            n for n in ast.walk(function) if isinstance(n, ast.FunctionDef | ast.Lambda) and n is not function
        ]
        if inner:
            continue
        short = {arg.arg: f"a{at}" for at, arg in enumerate(function.args.args) if arg.arg not in keywords}
        for arg in function.args.args:
            arg.arg = short.get(arg.arg, arg.arg)
        for statement in function.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name):
                    node.id = short.get(node.id, node.id)
