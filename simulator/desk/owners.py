"""Which class has which attribute: those that no object can have together may be called alike.

An attribute is of the classes that bind it in their body or store it by the first parameter of a method. It
is of class View, too, where one stores by a name that is this class's in small letters (`view.plate = …`):
our variables are called so. One that anything else stores may be of any object.

Looked at before functions move: then `self` is another name.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping

from .names import OF_MODULE, top_level

Owner = int  # a class with all that it derives from, and all that derive from it


class Owners:
    """trees: all modules, by name."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        classes = [
            node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
        ]
        self._families = _families(classes)
        self._owners: dict[str, set[Owner]] = {}
        self._anybody: set[str] = set()  # attributes that may be of any object
        self._foreign = {
            self._families[node.name]
            for node in classes
            for base in node.bases
            if not isinstance(base, ast.Name) or base.id not in self._families
        }
        own_stores = {id(store) for node in classes for store in self._claim(node)}
        named = {name.lower(): family for name, family in self._families.items()}
        for tree in trees.values():
            for store in _stores(tree):
                family = named.get(_name_of(store.value))
                if family is not None:
                    self._owners.setdefault(store.attr, set()).add(family)
                elif id(store) not in own_stores:
                    self._anybody.add(store.attr)

    def of(self, attribute: str) -> Collection[Owner] | None:
        """The classes that have it; None when it may be any, or when others' code has its say there."""
        owners = self._owners.get(attribute)
        return None if not owners or attribute in self._anybody or owners & self._foreign else owners

    def is_anybodys(self, attribute: str) -> bool:
        """Whether objects of unknown classes get it."""
        return attribute in self._anybody

    def all_of(self, attribute: str) -> Collection[Owner]:
        """The classes that are known to have it."""
        return self._owners.get(attribute, set())

    def _claim(self, node: ast.ClassDef) -> Iterable[ast.Attribute]:
        """Notes what the class has; gives where it stores that."""
        owner = self._families[node.name]
        for name in top_level(node.body):
            self._owners.setdefault(name, set()).add(owner)
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.args.args:
                own = method.args.args[0].arg
                for store in _stores(method):
                    if isinstance(store.value, ast.Name) and store.value.id == own:
                        self._owners.setdefault(store.attr, set()).add(owner)
                        yield store


def _name_of(receiver: ast.expr) -> str:
    """What it is called: the last of its names."""
    if isinstance(receiver, ast.Attribute):
        return receiver.attr.rpartition(OF_MODULE)[2]
    return receiver.id if isinstance(receiver, ast.Name) else ""


def _stores(tree: ast.AST) -> Iterable[ast.Attribute]:
    return (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    )


def _families(classes: Collection[ast.ClassDef]) -> dict[str, Owner]:
    """Name of a class → its family; classes of one name are one family."""
    family = {name: number for number, name in enumerate(sorted({node.name for node in classes}))}
    for node in classes:
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in family:
                old, new = family[base.id], family[node.name]
                family = {name: new if its == old else its for name, its in family.items()}
    return family
