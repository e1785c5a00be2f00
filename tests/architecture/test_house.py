"""Rules of the house that no linter knows: every room has a sign, no host is named, the lock stays clean."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["protocols", "firmware", "edge_gateway", "simulator"]


def tracked_files(pattern: str = "*") -> list[Path]:
    """Files below the project that are not installed, built or cached."""
    skipped = {".git", ".venv", "build", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache"}
    return [p for p in ROOT.rglob(pattern) if p.is_file() and not skipped & set(p.relative_to(ROOT).parts)]


def packages() -> list[Path]:
    return [init for room in ROOMS for init in sorted((ROOT / room).rglob("__init__.py"))]


@pytest.mark.parametrize("init", packages(), ids=lambda p: str(p.parent.relative_to(ROOT)))
def test_every_room_says_what_it_is_for(init):
    assert ast.get_docstring(ast.parse(init.read_text("utf-8"))), f"{init} has no docstring"


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_says_what_it_is_for(room):
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked_files("*.py")
        if path.is_relative_to(ROOT / room) and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert not silent


def test_every_python_folder_is_a_package():
    """A folder without __init__.py would be missing from the installed distribution."""
    homeless = {
        str(path.parent.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "__pycache__" not in path.parts and not (path.parent / "__init__.py").exists()
    }
    assert not homeless


def test_lock_file_pins_with_hashes_and_names_no_host():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text and "--index" not in text
    requirements = [
        block for block in re.split(r"\n(?=\S)", text) if block.strip() and not block.startswith("#")
    ]
    assert all("==" in block and "--hash=sha256:" in block for block in requirements)


def test_shell_scripts_and_make_know_their_targets():
    """`make help` lists each target that the README promises."""
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "check", "bench", "soak", "help"):
        assert re.search(rf"^{target}\s", listed, re.MULTILINE), target
