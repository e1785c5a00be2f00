"""`edge-gateway keys new | list | public | rotate | retire`: the key files of guarded envelopes.

Shows ids, owners and times; a private key is never printed.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from protocols.monitoring.envelopes import KeyRing, new_keys, public_ring, read_ring, write_ring
from protocols.monitoring.envelopes import retire as without_retired
from protocols.monitoring.envelopes import rotate as rotated
from protocols.monitoring.envelopes.profiles import suite_of
from protocols.monitoring.envelopes.suites import SUITES
from protocols.monitoring.topics import is_gateway_id
from protocols.wire.errors import LocalProtocolError

from .common import WRONG, AsJson, fail

DAY_MS: Final = 86_400_000
app = typer.Typer(help="Keys of the guarded line.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(metavar="FILE", help="The file of our own keys.")]


@app.command()
def new(
    file: File,
    owner: Annotated[str, typer.Option(help="The gateway's id, or the receiver's name.")],
    profile: Annotated[str, typer.Option(help=" | ".join(SUITES))] = "guomi",
) -> None:
    """Make a pair to sign with and a pair to be sealed to. Never overwrites."""
    if file.exists():
        fail(f"{file} exists and is left as it is", WRONG)
    if not is_gateway_id(owner):
        fail("--owner: 1 to 64 of A-Z a-z 0-9 _ -", WRONG)
    try:
        _write(file, KeyRing(new_keys(suite_of(profile), owner, _now_ms())))
    except LocalProtocolError as error:
        fail(f"--profile: {error}", WRONG)


@app.command("list")
def listed(file: File, as_json: AsJson = False) -> None:
    """Every key: id, owner, use, from when until when."""
    now_ms = _now_ms()
    rows: list[dict[str, Any]] = [
        {
            "id": key.id.hex(),
            "owner": key.owner,
            "kind": key.kind,
            "use": key.use,
            "from": _text(key.from_ms),
            "until": _text(key.until_ms) if key.until_ms else None,
            "state": _state(key.from_ms, key.until_ms, now_ms),
            "private": bool(key.private),
        }
        for key in _read(file).keys
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        half = "private" if row["private"] else "public"
        span = f"{row['from']} … {row['until'] or 'no end'}"
        typer.echo(f"{row['id']}  {row['owner']:20} {row['use']:8} {half:8} {row['state']:8} {span}")


@app.command()
def public(file: File, to: Annotated[Path, typer.Argument(metavar="PUBLIC", help="Written anew.")]) -> None:
    """Write the public halves into a file for the other side."""
    _write(to, public_ring(_read(file)))


@app.command()
def rotate(
    file: File,
    days_until: Annotated[float, typer.Option("--in", min=0, help="Days from now: the new keys seal.")] = 1.0,
    days_kept: Annotated[
        float, typer.Option("--keep", min=0, help="Days after that: the old ones open.")
    ] = 7.0,
) -> None:
    """Make new keys. Bring their public file to the other side and restart both before the new keys seal."""
    ring = _read(file)
    begin_ms = _now_ms() + round(days_until * DAY_MS)
    try:
        suite = suite_of(next(name for name, suite in SUITES.items() if suite.kind == ring.keys[0].kind))
        _write(file, rotated(ring, suite, begin_ms, begin_ms + max(1, round(days_kept * DAY_MS))))
    except (LocalProtocolError, StopIteration, IndexError) as error:
        fail(f"{file}: {error}")


@app.command()
def retire(file: File) -> None:
    """Drop the keys that open no more. What was sealed to them cannot be read again."""
    ring = _read(file)
    kept = without_retired(ring, _now_ms())
    if len(kept.keys) < len(ring.keys):
        _write(file, kept)
    typer.echo(f"{len(ring.keys) - len(kept.keys)} keys dropped, {len(kept.keys)} kept")


def _read(file: Path) -> KeyRing:
    try:
        return read_ring(file)
    except LocalProtocolError as error:
        fail(str(error), WRONG)


def _write(file: Path, ring: KeyRing) -> None:
    try:
        write_ring(file, ring)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    typer.echo(f"{file}: {len(ring.keys)} keys of {', '.join(ring.owners)}")


def _state(from_ms: int, until_ms: int, now_ms: int) -> str:
    if until_ms and now_ms >= until_ms:
        return "retired"
    return "to come" if now_ms < from_ms else "in use"


def _text(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat(timespec="seconds")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
