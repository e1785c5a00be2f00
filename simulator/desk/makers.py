"""Moves what makes an object to where it is made, when that is a page: constructors run once and go with it.

`X(a)` in the page becomes a function of the page that makes a bare X and does what `__init__` did. Only for
classes that nobody else makes, derives from or compares with.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

INIT = "__init__"


def move_makers(trees: Mapping[str, ast.Module], place: str, reach: set[str]) -> int:
    """Changes the trees; gives how many constructors are in module `place` now.

    reach: modules whose names `place` can use.
    """
    moved = 0
    page = trees[place]
    while True:
        classes = {
            node.name: node
            for module in reach
            for node in trees[module].body
            if isinstance(node, ast.ClassDef) and _can_move(node)
        }
        here = [id(node) for node in ast.walk(page)]
        elsewhere = _said_but_in(trees, set(here))
        found = [name for name in _made_in(page) if name in classes and name not in elsewhere]
        if not found:
            return moved
        for name in found:
            page.body.insert(0, _maker(classes[name]))
            moved += 1
        _call_makers(page, set(found))


def _can_move(node: ast.ClassDef) -> bool:
    init = _init_of(node)
    if init is None or node.bases or node.decorator_list:
        return False
    inner = [each for each in ast.walk(init) if each is not init]
    odd = any(isinstance(each, ast.FunctionDef | ast.Lambda | ast.Yield) for each in inner)
    values = all(isinstance(each, ast.Constant) for each in init.args.defaults)
    return values and not odd and not any(isinstance(each, ast.Name) and each.id == "super" for each in inner)


def _init_of(node: ast.ClassDef) -> ast.FunctionDef | None:
    return next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == INIT), None)


def _said_but_in(trees: Mapping[str, ast.Module], here: set[int]) -> set[str]:
    """Names that are said elsewhere, or here for more than being called."""
    said = set()
    for tree in trees.values():
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and not (id(node) in here and id(node) in called):
                said.add(node.id)
    return said


def _made_in(page: ast.Module) -> list[str]:
    names = [
        node.func.id
        for node in ast.walk(page)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    return sorted(set(names))


def _name_of(name: str) -> str:
    return f"make__{name}"


def _maker(holder: ast.ClassDef) -> ast.FunctionDef:
    """`__init__`, taken out of its class, as a function that gives a new object."""
    init = _init_of(holder)
    assert init is not None
    holder.body.remove(init)
    holder.body = holder.body or [ast.Pass()]
    maker = ast.parse(f"def {_name_of(holder.name)}(): pass").body[0]
    assert isinstance(maker, ast.FunctionDef)
    own = init.args.args[0].arg
    maker.args = init.args
    maker.args.args = init.args.args[1:]
    bare = ast.Call(ast.Name(f"bare__{holder.name}", ast.Load()), [], [])
    body = [_Result(own).visit(statement) for statement in init.body]
    result = ast.Return(ast.Name(own, ast.Load()))
    maker.body = [ast.Assign([ast.Name(own, ast.Store())], bare), *body, result]
    return ast.fix_missing_locations(maker)


class _Result(ast.NodeTransformer):
    def __init__(self, own: str) -> None:
        self._own = own

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        return ast.Return(ast.Name(self._own, ast.Load()))


def _call_makers(page: ast.Module, names: set[str]) -> None:
    for node in ast.walk(page):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in names:
                node.func = ast.copy_location(ast.Name(_name_of(node.func.id), ast.Load()), node.func)
            elif node.func.id.startswith("bare__"):
                node.func.id = node.func.id[len("bare__") :]
