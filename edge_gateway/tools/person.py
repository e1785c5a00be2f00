"""`edge-gateway person export | forget`: one person's data given out or deleted. The gateway must not run."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from protocols.freight import masking

from .. import persons
from ..commands import StoreError
from ..config import Config
from ..folder import FolderInUseError, locked
from ..journal import JournalError
from . import reason
from .common import WRONG, ConfigPath, fail, load

app = typer.Typer(help="One person's data: give it out, delete it.", no_args_is_help=True)
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Of identity card or qualification.")]
FAULTS = (persons.PersonError, StoreError, JournalError, sqlite3.Error)


@app.command()
def export(config: ConfigPath, number: Number, purpose: reason.PurposeName = "") -> None:
    """Print everything that the gateway's files hold of a person, as JSON lines. Leaves an audit line."""
    reason.check(True, purpose)
    checked = load(config)
    with _stopped(checked):
        reason.note(checked, "person exported", masking.identity(number), unmasked=True, purpose=purpose)
        try:
            for line in persons.as_lines(persons.export(checked, number)):
                typer.echo(line)
        except FAULTS as error:
            fail(str(error))


@app.command()
def forget(
    config: ConfigPath,
    number: Number,
    documents: Annotated[
        bool, typer.Option("--documents", help="Waybills and documents too: no duty to keep them is left.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, nothing is changed.")] = False,
) -> None:
    """Delete a person's data from registry, cards, tracks, openings of evidence and commands. Evidence chains
    stay whole. The journal is not touched: its records leave by delivery. Leaves an audit line."""
    if not yes:
        fail("nothing was changed: say --yes", WRONG)
    checked = load(config)
    with _stopped(checked):
        try:
            done = persons.forget(checked, number, documents)
        except FAULTS as error:
            fail(str(error))
        counts = ", ".join(f"{table} {count}" for table, count in done.deleted.items() if count)
        whose = masking.identity(number)
        reason.note(
            checked, "person forgotten", whose, unmasked=False, purpose="", more=counts or "nothing was there"
        )
    typer.echo(f"deleted: {counts or 'nothing was there'}")
    for table, count in done.kept.items():
        if count:
            typer.echo(f"kept: {table} {count}")


@contextmanager
def _stopped(config: Config) -> Iterator[None]:
    try:
        with locked(config.data_dir):
            yield
    except FolderInUseError as error:
        fail(f"stop the gateway first: {error}")
    except FileNotFoundError:
        fail(f"no folder {config.data_dir} yet: the gateway has not run with this configuration")
