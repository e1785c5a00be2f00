"""Makes device code small before it is compiled: constants become literals, what only people read goes.

MicroPython keeps the name of every module constant, every import of it and every entry of `__slots__` in
RAM. Changes no behaviour: a constant is a name in capitals that a module binds once, at its top level, to an
integer or a text that can be computed here.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

Value = int | str
Constants = dict[str, dict[str, Value]]  # module → name → value


class Folder:
    """Knows the constants of all modules of a program; `fold` gives one module's small source.

    settled: constants that get another value in the program than in the source, by module and name.
    stand_ins: modules that others take the place of, by name.
    """

    def __init__(
        self,
        root: Path,
        sources: list[Path],
        settled: Constants | None = None,
        stand_ins: Mapping[str, str] | None = None,
    ) -> None:
        self._settled = settled or {}
        self._trees = {
            _module_of(root, path): (path, ast.parse(path.read_text("utf-8"), str(path))) for path in sources
        }
        for name, other in (stand_ins or {}).items():
            if other in self._trees:
                self._trees[name] = self._trees.pop(other)
        self._packages = {name for name, (path, _) in self._trees.items() if path.name == "__init__.py"}
        self._constants: Constants = {}
        for name in self._trees:
            self._constants_of(name)

    def fold(self, module: str) -> ast.Module:
        """The small tree of a module, e.g. `firmware.terminal.nmea`."""
        tree = ast.parse(self._trees[module][0].read_text("utf-8"))
        imported, aliases = self._imports(module, tree)
        small = _Smaller(
            {**imported, **self._constants[module]}, aliases, set(self._constants[module])
        ).visit(tree)
        for node in ast.walk(small):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.body:
                node.body.append(ast.Pass())
        _drop_imports(small, set(imported))
        return ast.fix_missing_locations(small)

    @property
    def modules(self) -> set[str]:
        """The names of all modules of the program."""
        return set(self._trees)

    def imports_of(self, module: str, node: ast.ImportFrom) -> list[str]:
        """The modules of the program that an import needs; [] when it is none of ours."""
        source = self._source_of(module, node)
        found = [f"{source}.{alias.name}" for alias in node.names if f"{source}.{alias.name}" in self._trees]
        return found or ([source] if source in self._trees else [])

    def _constants_of(self, module: str) -> dict[str, Value]:
        if module not in self._constants:
            self._constants[module] = {}  # an import in a circle sees nothing, and then nothing is folded
            tree = self._trees[module][1]
            imported, aliases = self._imports(module, tree)
            known = dict(imported)
            for name, expression in _bound_once(tree).items():
                value = _evaluate(expression, known, aliases)
                value = self._settled.get(module, {}).get(name, value)
                if value is not None:
                    self._constants[module][name] = known[name] = value
        return self._constants[module]

    def _imports(self, module: str, tree: ast.Module) -> tuple[dict[str, Value], dict[str, dict[str, Value]]]:
        """Constants imported by name, and modules imported by name with their constants."""
        values: dict[str, Value] = {}
        aliases: dict[str, dict[str, Value]] = {}
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom):
                continue
            source = self._source_of(module, node)
            for alias in node.names:
                here = alias.asname or alias.name
                inner = f"{source}.{alias.name}"
                if inner in self._trees:
                    aliases[here] = self._constants_of(inner)
                elif source in self._trees and alias.name in self._constants_of(source):
                    values[here] = self._constants_of(source)[alias.name]
        return values, aliases

    def _source_of(self, module: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = module.split(".") if module in self._packages else module.split(".")[:-1]
        parts = package[: len(package) - node.level + 1]
        return ".".join([*parts, node.module] if node.module else parts)


class _Smaller(ast.NodeTransformer):
    def __init__(self, values: dict[str, Value], aliases: dict[str, dict[str, Value]], own: set[str]) -> None:
        self._values = values
        self._aliases = aliases
        self._own = own
        self._depth = 0

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return ast.Constant(self._values[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.attr in self._aliases.get(node.value.id, {}):
            return ast.Constant(self._aliases[node.value.id][node.attr])
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if names == ["__slots__"] or (not self._depth and len(names) == 1 and names[0] in self._own):
            return None
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant):
            return None  # a docstring
        self.generic_visit(node)
        return node


def _drop_imports(tree: ast.Module, constants: set[str]) -> None:
    """Imports of constants are needed no more."""
    for statement in list(tree.body):
        if isinstance(statement, ast.ImportFrom):
            statement.names = [
                alias for alias in statement.names if (alias.asname or alias.name) not in constants
            ]
            if not statement.names:
                tree.body.remove(statement)


def _bound_once(tree: ast.Module) -> dict[str, ast.expr]:
    """Names in capitals that the top level binds, each exactly once in the module."""
    stores: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            stores[node.id] = stores.get(node.id, 0) + 1
    found = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and target.id.isupper() and stores[target.id] == 1:
                found[target.id] = statement.value
    return found


_OPERATIONS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b,
    ast.FloorDiv: lambda a, b: a // b,
}


def _evaluate(node: ast.expr, known: dict[str, Value], aliases: dict[str, dict[str, Value]]) -> Value | None:
    """The value of an expression of constants, None when it is none that can be folded."""
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | str)
        and not isinstance(node.value, bool)
    ):
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return aliases.get(node.value.id, {}).get(node.attr)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _evaluate(node.operand, known, aliases)
        return -value if isinstance(value, int) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ord":
        text = _evaluate(node.args[0], known, aliases)
        return ord(text) if isinstance(text, str) and len(text) == 1 else None
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left = _evaluate(node.left, known, aliases)
        right = _evaluate(node.right, known, aliases)
        if isinstance(left, int) and isinstance(right, int):
            return int(_OPERATIONS[type(node.op)](left, right))
    return None


def _module_of(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
