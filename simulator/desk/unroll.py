"""Writes list comprehensions as loops: on a device each is a function, with cells for what it uses.

As in `inline`, only where nothing with an effect comes before it in its statement.
"""

from __future__ import annotations

import ast
from itertools import count

from .inline import Block, Replacer, first_step, names_renamed

ROUNDS = 4  # a comprehension in a comprehension takes two


def unroll(tree: ast.Module) -> None:
    """Changes all functions of a module."""
    numbers = count()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not _holds_cells(node):
            for _ in range(ROUNDS):
                node.body = _block(node.body, numbers)
    ast.fix_missing_locations(tree)


def _holds_cells(function: ast.FunctionDef) -> bool:
    inner = (node for node in ast.walk(function) if node is not function)
    return any(isinstance(node, ast.FunctionDef | ast.Lambda | ast.GeneratorExp) for node in inner)


def _block(block: Block, numbers: count[int]) -> Block:
    new: Block = []
    for statement in block:
        for name in ("body", "orelse", "finalbody"):
            if isinstance(getattr(statement, name, None), list):
                setattr(statement, name, _block(getattr(statement, name), numbers))
        for handler in getattr(statement, "handlers", ()):
            handler.body = _block(handler.body, numbers)
        found = first_step(statement)
        if isinstance(found, ast.ListComp) and len(found.generators) == 1:
            new += _loop(found, next(numbers), statement)
        else:
            new.append(statement)
    return new


def _loop(comprehension: ast.ListComp, number: int, statement: ast.stmt) -> Block:
    generator = comprehension.generators[0]
    name = f"list__{number}"
    bound = {node.id for node in ast.walk(generator.target) if isinstance(node, ast.Name)}
    fresh = {each: f"{each}__each{number}" for each in bound}
    add = ast.Call(ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load()), [comprehension.elt], [])
    inside: ast.stmt = names_renamed(ast.Expr(add), fresh)
    for condition in reversed(generator.ifs):
        inside = ast.If(names_renamed(condition, fresh), [inside], [])
    loop = ast.For(names_renamed(generator.target, fresh), generator.iter, [inside], [])
    made = ast.Assign([ast.Name(name, ast.Store())], ast.List([], ast.Load()))
    return [made, loop, Replacer(comprehension, ast.Name(name, ast.Load())).visit(statement)]
