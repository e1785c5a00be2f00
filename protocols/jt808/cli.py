"""The command `jt808`: decode, encode, explain and compare frames given as hex, and list the messages."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from protocols.wire.errors import ProtocolError, RemoteProtocolError

from .catalog import MESSAGES
from .cli_input import (
    Edition,
    Frames,
    ProfileFile,
    RsaKey,
    RsaPadding,
    complain,
    decode_line,
    encode_line,
    habits,
    json_text,
    lines_of,
    say,
    utf8,
)
from .definitions.types import Message
from .difference import differences
from .explain import explain_frame
from .hex_lines import bytes_of
from .listing import print_catalog, print_listing

# Markdown: the lines of a docstring flow together, as wide as the reader's terminal is.
app = typer.Typer(
    name="jt808",
    help="Takes JT/T 808 frames apart and puts them together.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)


@app.command()
def decode(
    frames: Frames = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    edition: Edition = None,
    profile: ProfileFile = None,
    rsa_key: RsaKey = None,
    rsa_padding: RsaPadding = None,
) -> None:
    """Decode frames, one a line.

    A line that is no frame gives `error` and `input`; a frame whose body does not fit gives its header,
    `body_hex`, what was `understood`, and `error`; a wrong check byte stands in `check`, with an `error`. The
    body of an encrypted frame is cipher text in `body_hex`, and with the right key `decrypted` too. It never
    stops early.

    Exit code 0, or 1 when any line had an error, 2 for a wrong option.
    """
    how = habits(edition, profile, rsa_key, rsa_padding)
    bad = 0
    for line in lines_of(frames):
        message = decode_line(line, how)
        bad += "error" in message
        say(json_text(message, None if as_json else 2))
    raise typer.Exit(1 if bad else 0)


@app.command()
def encode(
    messages: Annotated[
        list[str] | None,
        typer.Argument(help="Messages as JSON; without any, one a line from standard input."),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Taken for symmetry with decode: JSON is all it reads.", hidden=True),
    ] = True,
    profile: ProfileFile = None,
    rsa_key: RsaKey = None,
    rsa_padding: RsaPadding = None,
) -> None:
    """Encode messages, JSON objects one a line, into frames as hex, one a line: the inverse of decode --json.

    An object that only carries the `input` of a refused frame gives that input back. Of a message with
    `encryption` 1 the `body` is encrypted by the public key, and `body_hex` is taken as cipher text. Messages
    that cannot be encoded are named on standard error.

    Exit code 0, or 1 when there was one, 2 for a wrong option.
    """
    how = habits(None, profile, rsa_key, rsa_padding)
    bad = 0
    for number, line in enumerate(lines_of(messages), 1):
        try:
            say(encode_line(line, how))
        except ProtocolError as error:
            bad += 1
            complain(f"line {number}: {error}")
    raise typer.Exit(1 if bad else 0)


@app.command()
def explain(
    frame: Annotated[
        list[str] | None,
        typer.Argument(help="A frame as hex, in one piece or not; else one a line from standard input."),
    ] = None,
    edition: Edition = None,
    profile: ProfileFile = None,
    rsa_key: RsaKey = None,
    rsa_padding: RsaPadding = None,
) -> None:
    """Show each byte of a frame: offset, hex, field, value and unit, and what is wrong.

    Offsets count unescaped bytes behind the opening 7E; those of a decrypted body are its own.

    Exit code 0, or 1 when something was wrong, 2 for a wrong option.
    """
    how = habits(edition, profile, rsa_key, rsa_padding)
    utf8(sys.stdout)
    bad = 0
    for line in lines_of([" ".join(frame)] if frame else None):
        try:
            listing = explain_frame(bytes_of(line), *how)
        except RemoteProtocolError as error:
            complain(f"{line}: {error}")
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
    utf8(sys.stdout)
    if not as_json:
        print_catalog(MESSAGES.values())
        return
    for message in MESSAGES.values():
        say(json_text(_catalog_entry(message)))


@app.command()
def diff(
    left: Annotated[str, typer.Argument(help="A frame as hex.")],
    right: Annotated[str, typer.Argument(help="Another frame as hex.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a field.")] = False,
    edition: Edition = None,
    profile: ProfileFile = None,
    rsa_key: RsaKey = None,
    rsa_padding: RsaPadding = None,
) -> None:
    """Show the fields in which two frames differ.

    Exit code 0 when the frames say the same, 1 when they differ, 2 when one is no frame, and for a wrong
    option.
    """
    how = habits(edition, profile, rsa_key, rsa_padding)
    messages = [decode_line(each, how) for each in (left, right)]
    for message in messages:
        if "input" in message:
            complain(f"{message['input']}: {message['error']}")
            raise typer.Exit(2)
    found = differences(*messages)
    for each in found:
        if as_json:
            say(json_text(each._asdict()))
        else:
            say(f"{each.path}: {_shown(each.left)} → {_shown(each.right)}")
    raise typer.Exit(1 if found else 0)


def _shown(value: Any) -> str:
    return "–" if value is None else json_text(value)


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


def main() -> None:
    """The console command."""
    app()


if __name__ == "__main__":
    main()
