"""`edge-gateway journal ls | export | replay | purge`.

The first two read beside a running gateway. The others change what is delivered, and want it stopped. All of
them speak of every journal that is there: of each worker, and of those that another number of workers left.
"""

import itertools
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from protocols.freight.masking import phone
from protocols.freight.showing import shown
from protocols.monitoring.batch import Batch
from protocols.monitoring.json_form import document_of
from protocols.monitoring.records import Record
from protocols.wire.bcd import identity_of

from ..alarms import alarm_cursors
from ..config import Config
from ..delivery import destination_names
from ..folder import FolderInUseError, locked
from ..freight import cursor_names
from ..journal import Journal, JournalError, read_totals
from ..journal.reader import Reader, UnreadableGroupError
from ..leftovers import gateway_of
from . import reason
from .common import FAILED, WRONG, AsJson, ConfigPath, fail, habits, load

ROWS = 1000
BYTES = 4 << 20
app = typer.Typer(help="Looks into the journal; changes what is delivered.", no_args_is_help=True)
Of = Annotated[
    str, typer.Option("--journal", help="Only this one: main, worker-0, …; else all that are there.")
]
Terminal = Annotated[str, typer.Option(help="Only of this terminal.")]
After = Annotated[int, typer.Option(min=0, help="Behind this sequence.")]
Through = Annotated[int, typer.Option(min=1, help="Up to this sequence.")]
Destination = Annotated[str, typer.Option(help="Of this destination; the one of [mqtt] has none.")]
Sure = Annotated[bool, typer.Option("--yes", help="Do it; without, it is only said what would be done.")]


@app.command("ls")
def listed(config: ConfigPath, journal: Of = "", as_json: AsJson = False) -> None:
    """What is kept: sequences, times, bytes, and how far each destination has confirmed."""
    checked = load(config)
    found = [_kept(each) for each in _journals(checked, journal)]
    if as_json:
        typer.echo(json.dumps(found[0] if len(found) == 1 else {"journals": found}))
        return
    for kept in found:
        for name, value in kept.items():
            if name != "destinations" and (name != "journal" or len(found) > 1):
                typer.echo(f"{name:14} {'-' if value is None else value}")
        for name, figures in kept["destinations"].items():
            typer.echo(f"{name or 'default':14} {json.dumps(figures)}")


@app.command()
def export(
    config: ConfigPath,
    *,
    journal: Of = "",
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
    journals = _journals(checked, journal)
    reason.note(checked, "journal exported", phone(terminal), unmasked=unmasked, purpose=purpose)
    wanted, profile_of = terminal.lstrip("0"), habits(checked)
    several = len(checked.journal_paths) > 1 or len(journals) > 1
    records = (
        (each, record)
        for each in journals
        for record in _records(each.path, after, through)
        if not wanted or identity_of(record.phone) == wanted
    )
    for each, record in itertools.islice(records, limit):
        (document,) = document_of(Batch(each.gateway, [record]), profile_of)["records"]
        said = document if unmasked else shown(document).document
        said = {"journal": each.name, **said} if several else said
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")


@app.command()
def replay(
    config: ConfigPath, after: After, journal: Of = "", destination: Destination = "", yes: Sure = False
) -> None:
    """Deliver again what is kept behind a sequence; of each worker, when there are several. The gateway must
    not run.

    A monitoring system that keeps record ids stores nothing twice. What every destination confirmed is
    deleted soon and cannot come back.
    """
    checked = load(config)
    _known(destination, destination_names(checked))
    _to_each(checked, journal, yes, lambda each: _replayed(each.path, after, destination, yes))


@app.command()
def purge(
    config: ConfigPath, through: Through, journal: Of = "", destination: Destination = "", yes: Sure = False
) -> None:
    """Give up what a destination has not confirmed, up to a sequence, of each worker when there are several:
    counted as lost for it. The gateway must not run."""
    checked = load(config)
    names = (*destination_names(checked), *cursor_names(checked), *alarm_cursors(checked, is_worker=False))
    _known(destination, names)
    _to_each(checked, journal, yes, lambda each: _purged(each.path, names, through, destination, yes))


class _Kept(NamedTuple):
    """One journal. name: for people and --journal. gateway: under whose name its batches go."""

    name: str
    path: Path
    gateway: str


def _journals(config: Config, only: str) -> list[_Kept]:
    """Those that are there, also of another number of workers. Ends the command when there is none."""
    found = [
        _Kept(_name_of(path, config), path, gateway_of(config, path))
        for path in (*config.journal_paths, *config.old_journal_paths)
        if path.exists()
    ]
    chosen = [each for each in found if only in ("", each.name)]
    if not found:
        where = config.journal_paths[0]
        fail(f"no journal at {where} yet: the gateway has not run with this configuration")
    if not chosen:
        fail(f"--journal: {only!r} is not there; known: {', '.join(each.name for each in found)}", WRONG)
    return chosen


def _name_of(path: Path, config: Config) -> str:
    return "main" if path.parent == config.data_dir else path.parent.name


def _kept(journal: _Kept) -> dict[str, Any]:
    path = journal.path
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
    return {
        "journal": journal.name,
        "first": first,
        "last": last,
        "groups": groups,
        "bytes": used or 0,
        "received_from": _time(ends[0]) if ends and ends[0] else None,
        "received_to": _time(ends[1]) if ends and ends[1] else None,
        "destinations": totals["destinations"],
    }


def _to_each(config: Config, only: str, yes: bool, change: Callable[[_Kept], str]) -> None:
    """Changes the journals one by one while nobody uses them. Exit code 1 when none could be changed, 2 when
    it is only said what would be done."""
    journals, changed = _journals(config, only), 0
    with ExitStack() as held:
        try:
            for folder in dict.fromkeys([config.data_dir, *(each.path.parent for each in journals)]):
                held.enter_context(locked(folder))
        except FolderInUseError as error:
            fail(f"stop the gateway first: {error}")
        for each in journals:
            label = f"{each.name}: " if len(journals) > 1 else ""
            try:
                typer.echo(label + change(each))
                changed += 1
            except (_NothingToDoError, JournalError, sqlite3.Error) as error:
                typer.echo(f"{label}{error}", err=True)
    if not changed:
        raise typer.Exit(FAILED)
    if not yes:
        fail("nothing was changed: say --yes", WRONG)


class _NothingToDoError(Exception):
    """Why this journal stays as it is."""


def _replayed(path: Path, after: int, destination: str, yes: bool) -> str:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        row = connection.execute(
            "SELECT confirmed FROM cursor WHERE destination = ?", (destination,)
        ).fetchone()
        first = connection.execute("SELECT min(first_sequence) FROM record_group").fetchone()[0]
        if row is None or first is None:
            raise _NothingToDoError("nothing is kept that could be delivered again")
        begin = max(after, first - 1)
        if begin >= row[0]:
            raise _NothingToDoError(
                f"the destination stands at {row[0]}: nothing behind {begin} was delivered yet"
            )
        if yes:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE cursor SET confirmed = ? WHERE destination = ?", (begin, destination))
            connection.execute("DELETE FROM delivered_ahead WHERE destination = ?", (destination,))
            connection.execute("COMMIT")
    return f"{row[0] - begin} records, {begin + 1} to {row[0]}, are delivered again"


def _purged(path: Path, names: tuple[str, ...], through: int, destination: str, yes: bool) -> str:
    journal = Journal(path, destinations=names)
    try:
        view = journal.destination(destination)
        end = min(through, view.last_sequence)
        lost = max(0, end - view.confirmed_sequence)
        if yes and lost:
            view.cut_loose(end, view.ahead, lost)
    finally:
        journal.close()
    return f"{lost} records, up to {end}, are given up"


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


def _known(destination: str, names: tuple[str, ...]) -> None:
    if destination not in names:
        known = ", ".join(repr(name) for name in names)
        fail(f"--destination: {destination!r} is not configured; known: {known}", WRONG)


def _time(record: Record) -> str:
    return datetime.fromtimestamp(record.received_ms / 1000, UTC).isoformat(timespec="milliseconds")
