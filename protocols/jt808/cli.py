"""The command `jt808`: decode, encode, explain and compare frames given as hex, and list the messages."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from protocols.wire.errors import ProtocolError, RemoteProtocolError
from protocols.wire.header import EDITION_2011, EDITION_2013, EDITION_2019

from . import codec
from .catalog import MESSAGES
from .definitions.types import Message
from .difference import differences
from .explain import explain_frame
from .hex_lines import bytes_of
from .listing import print_catalog, print_listing
from .quirks import Profile, ProfileError, load_profile

app = typer.Typer(
    help="Takes JT/T 808 frames apart and puts them together.", no_args_is_help=True, add_completion=False
)

_Frames = Annotated[
    list[str] | None, typer.Argument(help="Frames as hex; without any, one a line from standard input.")
]
_Edition = Annotated[
    int | None, typer.Option(help="Read bodies as of 2011, 2013 or 2019, whatever the header says.")
]
_ProfileFile = Annotated[
    Path | None, typer.Option("--profile", help="A TOML file that says what this terminal does otherwise.")
]


@app.command()
def decode(
    frames: _Frames = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    edition: _Edition = None,
    profile: _ProfileFile = None,
) -> None:
    """Decode frames, one a line.

    A line that is no frame gives {"error": …, "input": …}; a frame whose body does not fit gives its header,
    `body_hex`, what was `understood`, and `error`. It never stops early. Exit code 0, or 1 when any line
    had an error, 2 for a wrong option.
    """
    _check_edition(edition)
    habits = _loaded(profile)
    bad = 0
    for line in _lines(frames):
        message = decode_line(line, edition, habits)
        bad += "error" in message
        _print(json.dumps(message, ensure_ascii=False, indent=None if as_json else 2))
    raise typer.Exit(1 if bad else 0)


@app.command()
def encode(
    messages: Annotated[
        list[str] | None,
        typer.Argument(help="Messages as JSON; without any, one a line from standard input."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The input is JSON (the only form there is).")
    ] = True,
    profile: _ProfileFile = None,
) -> None:
    """Encode messages, JSON objects one a line, into frames as hex, one a line: the inverse of decode --json.

    An object that only carries the `input` of a refused frame gives that input back. Messages that cannot be
    encoded are named on standard error. Exit code 0, or 1 when there was one.
    """
    habits = _loaded(profile)
    bad = 0
    for number, line in enumerate(_lines(messages), 1):
        try:
            _print(encode_line(line, habits))
        except ProtocolError as error:
            bad += 1
            print(f"line {number}: {error}", file=sys.stderr)
    raise typer.Exit(1 if bad else 0)


@app.command()
def explain(
    frame: Annotated[
        list[str] | None,
        typer.Argument(help="A frame as hex, in one piece or not; else one a line from standard input."),
    ] = None,
    edition: _Edition = None,
    profile: _ProfileFile = None,
) -> None:
    """Show each byte of a frame: offset, hex, field, value and unit, and what is wrong.

    Offsets count unescaped bytes behind the opening 7E. Exit code 0, or 1 when something was wrong.
    """
    _check_edition(edition)
    habits = _loaded(profile)
    _utf8(sys.stdout)
    bad = 0
    for line in _lines([" ".join(frame)] if frame else None):
        try:
            listing = explain_frame(bytes_of(line), edition, habits)
        except RemoteProtocolError as error:
            print(f"{line}: {error}", file=sys.stderr)
            bad += 1
            continue
        bad += bool(listing.problems)
        print_listing(listing)
    raise typer.Exit(1 if bad else 0)


@app.command("list")
def list_messages(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List every message that is known: id, name, who sends it, what answers it, in which editions it is."""
    _utf8(sys.stdout)
    if not as_json:
        print_catalog(MESSAGES.values())
        return
    for message in MESSAGES.values():
        _print(json.dumps(_catalog_entry(message), ensure_ascii=False))


@app.command()
def diff(
    left: Annotated[str, typer.Argument(help="A frame as hex.")],
    right: Annotated[str, typer.Argument(help="Another frame as hex.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a field.")] = False,
    edition: _Edition = None,
) -> None:
    """Show the fields in which two frames differ.

    Exit code 0 when the frames say the same, 1 when they differ, 2 when one is no frame.
    """
    _check_edition(edition)
    messages = [decode_line(each, edition) for each in (left, right)]
    for message in messages:
        if "input" in message:
            print(f"{message['input']}: {message['error']}", file=sys.stderr)
            raise typer.Exit(2)
    found = differences(*messages)
    for each in found:
        if as_json:
            _print(json.dumps(each._asdict(), ensure_ascii=False))
        else:
            _print(f"{each.path}: {_shown(each.left)} → {_shown(each.right)}")
    raise typer.Exit(1 if found else 0)


def _shown(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False)


def _catalog_entry(message: Message) -> dict[str, Any]:
    return {
        "id": f"0x{message.id:04X}",
        "message": message.name,
        "chinese": message.chinese,
        "direction": message.direction,
        "answered_by": f"0x{message.answered_by:04X}" if message.answered_by is not None else None,
        "editions": message.editions,
        "standard": message.standard,
    }


def decode_line(line: str, edition: int | None = None, profile: Profile | None = None) -> dict[str, Any]:
    """The message of one line of hex, or {"error", "input"}. Raises nothing for any text."""
    try:
        return codec.decode_frame(bytes_of(line), edition, profile)
    except RemoteProtocolError as error:
        return {"error": str(error), "input": line}


def encode_line(line: str, profile: Profile | None = None) -> str:
    """The frame, as hex, of one JSON object. Raises ProtocolError."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise RemoteProtocolError(f"not JSON: {error}") from None
    if isinstance(message, dict) and "input" in message and "id" not in message:
        return bytes_of(str(message["input"])).hex()
    return codec.encode_message(message, profile).hex()


def _loaded(path: Path | None) -> Profile | None:
    try:
        return load_profile(path) if path else None
    except ProfileError as error:
        raise typer.BadParameter(str(error), param_hint="--profile") from None


def _lines(arguments: Iterable[str] | None) -> Iterator[str]:
    """The arguments, or the lines of standard input that are not blank."""
    if arguments:
        yield from arguments
        return
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "backslashreplace").strip()
        if text:
            yield text


def _print(text: str) -> None:
    _utf8(sys.stdout)
    print(text, flush=True)


def _utf8(stream: Any) -> None:
    # The output is Chinese whatever the locale of the machine is.
    if isinstance(stream, TextIOWrapper) and stream.encoding.lower() != "utf-8":
        stream.reconfigure(encoding="utf-8")


def _check_edition(edition: int | None) -> None:
    if edition not in (None, EDITION_2011, EDITION_2013, EDITION_2019):
        raise typer.BadParameter("2011, 2013 or 2019", param_hint="--edition")


def main() -> None:
    """The console command."""
    app()
