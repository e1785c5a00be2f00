"""Generated files are fresh, small, formatted, and generation refuses what it does not understand."""

import subprocess
import sys
from pathlib import Path

import pytest
from construct import Byte, Float32b, GreedyRange, Int8ub, Int16sl, Int16ub, Int24ub, Padded, Struct

from protocols.jt808 import emit, emit_decoders, emit_tables, plan
from protocols.jt808.definitions.shapes import Repeat
from protocols.jt808.definitions.types import CountedText, Text
from protocols.jt808.source import LINE_LENGTH, assignment

ROOT = Path(__file__).resolve().parents[2]


def test_generated_files_are_fresh():
    assert emit.stale_files() == []
    assert emit.main(["--check"]) == 0


def test_a_stale_file_is_named_and_not_touched(tmp_path, monkeypatch, capsys):
    stale = tmp_path / "protocols" / "tables.py"
    stale.parent.mkdir()
    stale.write_text("old")
    monkeypatch.setattr(emit, "PROTOCOLS", stale.parent)
    monkeypatch.setattr(emit, "GENERATED", {stale: emit_tables.render})
    assert emit.main(["--check"]) == 1
    assert "tables.py" in capsys.readouterr().out and stale.read_text() == "old"
    assert emit.main([]) == 0 and stale.read_text() == emit_tables.render()
    assert emit.main(["--check"]) == 0


def test_generated_code_passes_formatter_and_linter():
    files = [str(path) for path in emit.GENERATED if path.suffix == ".py"]
    for command in (["format", "--check"], ["check"]):
        subprocess.run(
            [sys.executable, "-m", "ruff", *command, *files], cwd=ROOT, check=True, capture_output=True
        )


@pytest.mark.parametrize("alien", [Float32b, Int16sl, Int24ub, GreedyRange(Byte), Padded(4, Int8ub)])
def test_an_unknown_construct_is_an_error_at_generation(alien):
    with pytest.raises(plan.UnsupportedConstruct):
        plan.walk_fields(Struct("known" / Int16ub, "alien" / alien))


def test_a_field_named_as_a_variable_of_the_decoder_is_an_error_at_generation():
    with pytest.raises(plan.UnsupportedConstruct):
        emit_decoders._Writer().function("x", plan.walk_fields(Struct("stop" / Int8ub)))


@pytest.mark.parametrize(
    "body", [Struct("a" / Struct("b" / Struct("c" / Int8ub))), Struct("a" / Struct("b" / Repeat(2, Int8ub)))]
)
def test_what_the_terminal_cannot_read_is_an_error_at_generation(body):
    with pytest.raises(plan.UnsupportedConstruct):
        emit_tables._flat_body(plan.walk_fields(body))


def test_generated_decoders_handle_every_field_in_the_middle():
    """A layout of our own: counted text between numbers is read where it stands."""
    nodes = plan.walk_fields(Struct("a" / Int8ub, "name" / CountedText(), "b" / Int16ub, "rest" / Text()))
    writer = emit_decoders._Writer()
    writer.function("probe", nodes)
    source = emit_decoders._HEAD + "\n".join([*writer.constants, *writer.functions])
    scope: dict = {}
    exec(source, scope)
    body = b"\x07\x02hi\x00\x09tail"
    assert scope["probe"](body, 0, len(body)) == {"a": 7, "name": b"hi", "b": 9, "rest": b"tail"}


def test_long_literals_are_broken():
    text = assignment("NAME", tuple(f"word{number}" for number in range(60)))
    assert max(map(len, text.splitlines())) <= LINE_LENGTH
    scope: dict = {}
    exec(text, scope)
    assert scope["NAME"][59] == "word59"
