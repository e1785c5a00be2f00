"""What the commands of `jt808` share: their options, the lines they read, the text they may print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

from . import codec
from .body_encryption import BodyCipher, Padding
from .hex_lines import bytes_of
from .quirks import Profile, ProfileError, load_profile
from .rsa_keys import load_key

SHOWN_MAX = 120  # characters of a refused line

Frames = Annotated[
    list[str] | None, typer.Argument(help="Frames as hex; without any, one a line from standard input.")
]
Edition = Annotated[
    int | None, typer.Option(help="Read bodies as of 2011, 2013 or 2019, whatever the header says.")
]
ProfileFile = Annotated[
    Path | None, typer.Option("--profile", help="A TOML file that says what this terminal does otherwise.")
]
RsaKey = Annotated[
    Path | None,
    typer.Option(
        "--rsa-key", help="A PEM file: its private key opens RSA bodies, its public key makes them."
    ),
]
RsaPadding = Annotated[
    str | None,
    typer.Option(help="pkcs1v15 or none. Without it the profile says, else it is pkcs1v15 (with a key)."),
]


class Habits(NamedTuple):
    """How frames are to be read and written: the arguments of the codec."""

    edition: int | None = None
    profile: Profile | None = None
    cipher: BodyCipher | None = None


def habits(edition: int | None, profile: Path | None, key: Path | None, padding: str | None) -> Habits:
    """Options into habits. Raises typer.BadParameter."""
    if edition not in (None, *codec.EDITIONS):
        raise typer.BadParameter("2011, 2013 or 2019", param_hint="--edition")
    try:
        loaded = load_profile(profile) if profile else None
    except ProfileError as error:
        raise typer.BadParameter(str(error), param_hint="--profile") from None
    return Habits(edition, loaded, _cipher(key, padding, loaded))


def _cipher(key: Path | None, padding: str | None, profile: Profile | None) -> BodyCipher | None:
    if padding not in (None, "pkcs1v15", "none") or (padding and key is None):
        raise typer.BadParameter("pkcs1v15 or none, beside --rsa-key", param_hint="--rsa-padding")
    if key is None:
        return None
    by_profile = profile.encryption.padding if profile else "off"
    chosen: Padding = by_profile if by_profile != "off" else "pkcs1v15"
    if padding is not None:
        chosen = "none" if padding == "none" else "pkcs1v15"
    try:
        return BodyCipher(chosen, *load_key(key))
    except LocalProtocolError as error:
        raise typer.BadParameter(str(error), param_hint="--rsa-key") from None


def decode_line(line: str, how: Habits) -> dict[str, Any]:
    """The message of one line of hex, or {"error", "input"}. Raises nothing for any text."""
    try:
        return codec.decode_frame(bytes_of(line), *how)
    except RemoteProtocolError as error:
        return {"error": str(error), "input": line}


def encode_line(line: str, how: Habits) -> str:
    """The frame, as hex, of one JSON object. Raises ProtocolError."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise RemoteProtocolError(f"not JSON: {error}") from None
    if isinstance(message, dict) and "input" in message and "id" not in message:
        return bytes_of(str(message["input"])).hex()
    return codec.encode_message(message, how.profile, how.cipher).hex()


def lines_of(arguments: Iterable[str] | None) -> Iterator[str]:
    """The arguments, or the lines of standard input that are not blank."""
    if arguments:
        yield from arguments
        return
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "backslashreplace").strip()
        if text:
            yield text


def printable(text: str) -> str:
    """The text with everything that steers a terminal written as an escape, cut when it is long.

    A line of somebody's log may hold anything, and must not move the cursor of whoever looks at it.
    """
    short = text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}… ({len(text)} characters)"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in short)


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON for people and programs: Chinese as it is, what steers a terminal escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) > 0x7F else f"\\u{ord(character):04x}"


def say(text: str) -> None:
    """One line on standard output, in UTF-8 whatever the locale of the machine is."""
    utf8(sys.stdout)
    print(text, flush=True)


def complain(text: str) -> None:
    """One line on standard error."""
    utf8(sys.stderr)
    print(printable(text), file=sys.stderr)


def utf8(stream: Any) -> None:
    """Makes a stream write UTF-8."""
    if isinstance(stream, TextIOWrapper) and stream.encoding.lower() != "utf-8":
        stream.reconfigure(encoding="utf-8")
