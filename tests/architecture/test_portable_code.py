"""The portable half imports what both interpreters have, and keeps the portable habits of the house."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PORTABLE = [
    *sorted((ROOT / "protocols/wire").glob("*.py")),
    *sorted((ROOT / "firmware/terminal").glob("*.py")),
]
ALLOWED = {"struct", "binascii", "collections", "protocols.wire", "firmware.terminal"}


def imported_modules(tree: ast.Module, package: str) -> set[str]:
    """Absolute names of all modules that a portable file of `package` imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(package if node.level else node.module or "")
    return names


def allowed(module: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in ALLOWED)


@pytest.mark.parametrize("path", PORTABLE, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_what_both_interpreters_have(path):
    package = ".".join(path.parent.relative_to(ROOT).parts)
    foreign = {
        name for name in imported_modules(ast.parse(path.read_text("utf-8")), package) if not allowed(name)
    }
    assert not foreign, f"{path.name} imports {sorted(foreign)}"


@pytest.mark.parametrize("path", PORTABLE, ids=lambda path: str(path.relative_to(ROOT)))
def test_uses_no_floats_and_no_syntax_that_the_device_lacks(path):
    offences = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            offences.append(f"line {node.lineno}: float {node.value}")
        elif isinstance(node, ast.Div):
            offences.append("true division")
        elif isinstance(node, ast.Match):
            offences.append(f"line {node.lineno}: match")
        elif isinstance(node, ast.Raise) and node.cause is not None:
            offences.append(f"line {node.lineno}: raise … from")
        elif isinstance(node, ast.FunctionDef) and node.args.posonlyargs:
            offences.append(f"line {node.lineno}: positional-only arguments")
    assert not offences, f"{path.name}: {offences}"
