"""`edge-gateway terminals` and `edge-gateway frames`: questions to a running gateway over its socket."""

import base64
import json
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import typer

from protocols.freight.masking import phone
from protocols.freight.showing import shown, shown_listing
from protocols.jt808.codec import decode_frame
from protocols.jt808.explain import explain_frame
from protocols.jt808.listing import print_listing
from protocols.jt808.quirks import Profile
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import DELIMITER

from ..control import ControlError, ask, follow, is_running
from ..registry import Registry, RegistryError
from ..registry.csv_files import terminal_as_row
from . import reason
from .common import WRONG, AsJson, ConfigPath, fail, habits, load

FRAME_BYTES_MAX = 8192  # between two delimiters; longer is no frame


def terminals(
    config: ConfigPath,
    online: Annotated[bool, typer.Option("--online", help="Only those that are connected.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    after: Annotated[str, typer.Option(help="Begin behind this identity.")] = "",
    as_json: AsJson = False,
) -> None:
    """Terminals of the registry by identity; those online with their peers."""
    checked = load(config)
    rows: list[dict[str, Any]]
    if is_running(checked.control_path):
        rows = _asked(checked.control_path, limit, after, online)
    elif online:
        fail("the gateway does not run: nobody is online")
    elif not checked.registry_path.exists():
        rows = []
    else:
        rows = _from_file(checked.registry_path, limit, after)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        where = row.get("peer") or "-"
        typer.echo(f"{row['identity']:>20}  {row['status']:8} {row['edition']}  {where:22} {row['plate']}")
    if len(rows) == limit:
        typer.echo(f"… more: --after {rows[-1]['identity']}", err=True)


def frames(
    config: ConfigPath,
    terminal: Annotated[str, typer.Argument(metavar="TERMINAL", help="Its phone digits.")],
    *,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Until Ctrl-C (the only way).")] = True,
    brief: Annotated[bool, typer.Option("--brief", help="One line a frame, hex.")] = False,
    as_json: AsJson = False,
    unmasked: reason.Unmasked = False,
    purpose: reason.PurposeName = "",
) -> None:
    """The frames of a terminal as they come (<) and go (>), explained; names, numbers and texts masked. Costs
    the gateway nothing while nobody follows."""
    del follow_
    reason.check(unmasked, purpose)
    if brief and not unmasked:
        fail("--brief: bytes cannot be masked: say --unmasked and --purpose, or leave it out", WRONG)
    checked, held = load(config), {"up": b"", "down": b""}
    profile = habits(checked)(terminal)
    show = partial(_print, brief=brief, as_json=as_json, unmasked=unmasked, profile=profile)
    if unmasked:
        reason.note(checked, "frames followed", phone(terminal), unmasked=True, purpose=purpose)
    try:
        for line in follow(checked.control_path, "frames", terminal=terminal):
            if "left_out" in line:
                typer.echo(f"left out {line['left_out']} pieces: this end is too slow", err=True)
                held = {"up": b"", "down": b""}
                continue
            piece = line["line"]
            way = piece["way"]
            pieces, held[way] = split_frames(held[way] + base64.b64decode(piece["data"]))
            for frame in pieces:
                show(frame, way, piece["at"])
                sys.stdout.flush()
    except ControlError as error:
        fail(str(error))
    except KeyboardInterrupt:
        return


def split_frames(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole frames, delimiters included, escapes as they are; and the beginning of one that is not whole."""
    found, rest = [], data
    while len(parts := rest.split(DELIMITER, 2)) == 3:
        if parts[1]:
            found.append(DELIMITER + parts[1] + DELIMITER)
            rest = parts[2]
        else:  # the end of one and the beginning of the next, or two beginnings
            rest = DELIMITER + parts[2]
    begun = rest.find(DELIMITER)
    return found, rest[begun:][-FRAME_BYTES_MAX:] if begun >= 0 else b""


def _print(
    frame: bytes, way: str, at: float, *, brief: bool, as_json: bool, unmasked: bool, profile: Profile | None
) -> None:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    if as_json:
        try:
            said = decode_frame(frame, profile=profile)
        except RemoteProtocolError as error:
            said = {"error": str(error), "input": frame.hex()}
        said = {"at": moment, "way": way, **said}
        typer.echo(json.dumps(said if unmasked else shown(said).document, ensure_ascii=False))
        return
    typer.echo(f"{'<' if way == 'up' else '>'} {moment} {frame.hex() if brief else ''}".rstrip())
    if not brief:
        listing = explain_frame(frame, profile=profile)
        print_listing(listing if unmasked else shown_listing(listing))


def _asked(path: Any, limit: int, after: str, online: bool) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = ask(path, "terminals", limit=limit, after=after, online=online)
        return found
    except ControlError as error:
        fail(str(error))


def _from_file(path: Any, limit: int, after: str) -> list[dict[str, Any]]:
    try:
        registry = Registry(path)
    except RegistryError as error:
        fail(str(error))
    try:
        found = [terminal_as_row(each) for each in registry if each.identity > after]
    finally:
        registry.close()
    return found[:limit]
