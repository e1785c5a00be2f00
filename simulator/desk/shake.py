"""Drops what the device never calls: functions, classes and methods whose name nobody says.

A name that is said anywhere, as a name, an attribute or a text, keeps everything that is called so: a method
that is kept for nothing costs a little heap, one that is missing costs the terminal.
"""

from __future__ import annotations

import ast

from .names import is_private

# MicroPython calls these by itself: block devices, streams, contexts.
CALLED_BY_NATURE = {"readblocks", "writeblocks", "ioctl", "readinto", "write", "read", "close", "flush"}


def shake(units: list[ast.Module], roots: set[str]) -> None:
    """Takes unused definitions out of the trees until no more falls. `roots`: names used from outside."""
    while True:
        said = _said(units) | roots | CALLED_BY_NATURE
        if not sum([_drop(unit, said) for unit in units]):
            return


def _said(units: list[ast.Module]) -> set[str]:
    names: set[str] = set()
    for unit in units:
        for node in ast.walk(unit):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                names.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                names.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
    return names


def _drop(unit: ast.Module, said: set[str]) -> int:
    dropped = 0
    classes = [node for node in ast.walk(unit) if isinstance(node, ast.ClassDef)]
    holders: list[ast.Module | ast.ClassDef] = [unit, *classes]
    for holder in holders:
        kept = [statement for statement in holder.body if not _is_unused(statement, said)]
        dropped += len(holder.body) - len(kept)
        holder.body = kept if kept or holder is unit else [ast.Pass()]
    return dropped


def _is_unused(statement: ast.stmt, said: set[str]) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return statement.name not in said and not statement.name.startswith("__")
    if isinstance(statement, ast.Assign) and all(isinstance(t, ast.Name) for t in statement.targets):
        # Tables that only a dropped function looked at. What has an effect of its own stays.
        names = {t.id for t in statement.targets if isinstance(t, ast.Name)}
        harmless = not any(isinstance(n, ast.Call) for n in ast.walk(statement.value))
        return harmless and not names & said and all(n.isupper() or is_private(n) for n in names)
    return False
