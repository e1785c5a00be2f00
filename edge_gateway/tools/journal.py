"""`edge-gateway journal ls | export | replay | purge`.

The first two read beside a running gateway. The others change what is delivered, and want it stopped.
"""

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from protocols.freight.masking import phone
from protocols.freight.showing import shown
from protocols.monitoring.batch import Batch
from protocols.monitoring.json_form import document_of
from protocols.monitoring.records import Record
from protocols.wire.bcd import identity_of

from ..delivery import destination_names
from ..folder import FolderInUseError, locked
from ..freight import cursor_names
from ..journal import Journal, JournalError, read_totals
from ..journal.reader import Reader, UnreadableGroupError
from . import reason
from .common import FAILED, WRONG, AsJson, ConfigPath, fail, load

ROWS = 1000
BYTES = 4 << 20
app = typer.Typer(help="Looks into the journal; changes what is delivered.", no_args_is_help=True)
Terminal = Annotated[str, typer.Option(help="Only of this terminal.")]
After = Annotated[int, typer.Option(min=0, help="Behind this sequence.")]
Through = Annotated[int, typer.Option(min=1, help="Up to this sequence.")]
Destination = Annotated[str, typer.Option(help="Of this destination; the one of [mqtt] has none.")]
Sure = Annotated[bool, typer.Option("--yes", help="Do it; without, it is only said what would be done.")]


@app.command("ls")
def listed(config: ConfigPath, as_json: AsJson = False) -> None:
    """What is kept: sequences, times, bytes, and how far each destination has confirmed."""
    checked = load(config)
    path = _there(checked.journal_path)
    try:
        totals = read_totals(path)
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            first, last, groups, used = connection.execute(
                "SELECT min(first_sequence), max(first_sequence + count - 1), count(*),"
                " sum(length(contents) + length(records)) FROM record_group"
            ).fetchone()
    except (JournalError, sqlite3.Error) as error:
        fail(f"the journal {path} cannot be read: {error}")
    ends = [next(_records(path, at - 1, at), None) for at in (first, last)] if first else []
    kept = {
        "first": first,
        "last": last,
        "groups": groups,
        "bytes": used or 0,
        "received_from": _time(ends[0]) if ends and ends[0] else None,
        "received_to": _time(ends[1]) if ends and ends[1] else None,
        "destinations": totals["destinations"],
    }
    if as_json:
        typer.echo(json.dumps(kept))
        return
    for name, value in kept.items():
        if name != "destinations":
            typer.echo(f"{name:14} {'-' if value is None else value}")
    for name, figures in totals["destinations"].items():
        typer.echo(f"{name or 'default':14} {json.dumps(figures)}")


@app.command()
def export(
    config: ConfigPath,
    *,
    terminal: Terminal = "",
    after: After = 0,
    through: Through = 2**62,
    limit: Annotated[int, typer.Option(min=1, help="Records at most.")] = 2**62,
    unmasked: reason.Unmasked = False,
    purpose: reason.PurposeName = "",
) -> None:
    """Print kept records as JSON lines: a masked reading of each; unmasked, with its bytes in full. Leaves an
    audit line."""
    reason.check(unmasked, purpose)
    checked = load(config)
    path = _there(checked.journal_path)
    reason.note(checked, "journal exported", phone(terminal), unmasked=unmasked, purpose=purpose)
    wanted, count = terminal.lstrip("0"), 0
    for record in _records(path, after, through):
        if wanted and identity_of(record.phone) != wanted:
            continue
        (document,) = document_of(Batch(checked.gateway.id, [record]))["records"]
        said = document if unmasked else shown(document).document
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
        count += 1
        if count >= limit:
            return


@app.command()
def replay(config: ConfigPath, after: After, destination: Destination = "", yes: Sure = False) -> None:
    """Deliver again what is kept behind a sequence. The gateway must not run.

    A monitoring system that keeps record ids stores nothing twice. What every destination confirmed is
    deleted soon and cannot come back.
    """
    checked = load(config)
    path = _there(checked.journal_path)
    with _offline(checked.data_dir), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        _known(destination, destination_names(checked))
        row = connection.execute(
            "SELECT confirmed FROM cursor WHERE destination = ?", (destination,)
        ).fetchone()
        first = connection.execute("SELECT min(first_sequence) FROM record_group").fetchone()[0]
        if row is None or first is None:
            fail("nothing is kept that could be delivered again")
        begin = max(after, first - 1)
        if begin >= row[0]:
            fail(f"the destination stands at {row[0]}: nothing behind {begin} was delivered yet")
        typer.echo(f"{row[0] - begin} records, {begin + 1} to {row[0]}, are delivered again")
        if not yes:
            fail("nothing was changed: say --yes", WRONG)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE cursor SET confirmed = ? WHERE destination = ?", (begin, destination))
        connection.execute("DELETE FROM delivered_ahead WHERE destination = ?", (destination,))
        connection.execute("COMMIT")


@app.command()
def purge(config: ConfigPath, through: Through, destination: Destination = "", yes: Sure = False) -> None:
    """Give up what a destination has not confirmed, up to a sequence: counted as lost for it. The gateway
    must not run."""
    checked = load(config)
    path = _there(checked.journal_path)
    with _offline(checked.data_dir):
        names = (*destination_names(checked), *cursor_names(checked))
        _known(destination, names)
        try:
            journal = Journal(path, destinations=names)
        except JournalError as error:
            fail(str(error))
        try:
            view = journal.destination(destination)
            end = min(through, view.last_sequence)
            lost = max(0, end - view.confirmed_sequence)
            typer.echo(f"{lost} records, up to {end}, are given up")
            if not yes:
                fail("nothing was changed: say --yes", WRONG)
            if lost:
                view.cut_loose(end, view.ahead, lost)
        finally:
            journal.close()


def _records(path: Path, after: int, through: int) -> Iterator[Record]:
    """Kept records; damaged groups are named and passed over."""
    reader = Reader(path)
    try:
        while after < through:
            try:
                found = reader.read_after(after, min(ROWS, through - after), BYTES)
            except UnreadableGroupError as error:
                typer.echo(f"the group from {error.first_sequence} is damaged: {error}", err=True)
                after = _behind(path, error.first_sequence)
                continue
            if not found:
                return
            for record in found:
                if record.sequence > through:
                    return
                yield record
            after = found[-1].sequence
    except JournalError as error:
        fail(str(error))
    finally:
        reader.close()


def _behind(path: Path, first_sequence: int) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute(
            "SELECT count FROM record_group WHERE first_sequence = ?", (first_sequence,)
        ).fetchone()
    return first_sequence + int(count) - 1


def _there(path: Path) -> Path:
    if not path.exists():
        fail(f"no journal at {path} yet: the gateway has not run with this configuration", FAILED)
    return path


def _known(destination: str, names: tuple[str, ...]) -> None:
    if destination not in names:
        known = ", ".join(repr(name) for name in names)
        fail(f"--destination: {destination!r} is not configured; known: {known}", WRONG)


def _offline(folder: Path) -> Any:
    lock = locked(folder)
    try:
        lock.__enter__()
    except FolderInUseError as error:
        fail(f"stop the gateway first: {error}")
    return _Held(lock)


class _Held:
    """A lock that is held already; lets it go at the end."""

    def __init__(self, lock: locked) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__(None, None, None)


def _time(record: Record) -> str:
    return datetime.fromtimestamp(record.received_ms / 1000, UTC).isoformat(timespec="milliseconds")
