"""`fleet-sim authority …`: the service, its accounts, reports. Parses, calls, prints; decides nothing."""

from __future__ import annotations

import json
import logging
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from protocols.monitoring.envelopes import PLAIN
from protocols.monitoring.topics import DEFAULT_PREFIX

from .__main__ import run as run_positions
from .books import BOOKS, POSITIONS
from .books.accounts import AccountKind
from .books.book import BookError
from .desk import Desk
from .guard import envelope_of
from .reporting import period_of, report_of, write

if TYPE_CHECKING:
    from .house import Settings

EXIT_USAGE: Final = 2
EXIT_UNREACHABLE: Final = 3
_READY_POLL_S: Final = 0.5

app = typer.Typer(no_args_is_help=True, help="The virtual monitoring system.")
accounts = typer.Typer(no_args_is_help=True, help="Accounts of its API.")
app.add_typer(accounts, name="account")

Data = Annotated[Path, typer.Option(help="folder of the authority's data, made when absent")]


@app.command()
def run(
    *,
    broker: Annotated[str, typer.Option(help="HOST:PORT of the MQTT broker")],
    data: Annotated[
        Path | None, typer.Option(help="folder: the whole service with registers, codes, documents, API")
    ] = None,
    database: Annotated[Path | None, typer.Option(help="SQLite file: positions only")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="of the API on 127.0.0.1; 0: a free one")] = 0,
    topic_prefix: Annotated[str, typer.Option(help="as in the gateway's configuration")] = DEFAULT_PREFIX,
    client_id: Annotated[str, typer.Option(help="names the durable sessions")] = "authority",
    presence_keys: Annotated[
        bool, typer.Option(help="send terminals keys for proofs of presence; only over a guarded line")
    ] = False,
    envelope: Annotated[str, typer.Option(help="plain, guomi or rsa-aes")] = PLAIN,
    keys: Annotated[
        Path | None, typer.Option(help="the authority's keys, by `edge-gateway keys new`")
    ] = None,
    peers: Annotated[list[Path] | None, typer.Option(help="a gateway's public keys; once for each")] = None,
) -> None:
    """Take positions and documents, answer with receipts, issue codes, serve the API, until Ctrl-C."""
    from .house import Settings  # noqa: PLC0415  # a web framework that no other command waits for

    if (data is None) == (database is None):
        _fail("--data or --database: one of them is needed", EXIT_USAGE)
    try:
        if data is None:
            assert database is not None
            guard = envelope_of(envelope, keys, peers or [], database.parent)
            run_positions(broker, database, topic_prefix, client_id, guard)
            return
        guard = envelope_of(envelope, keys, peers or [], data)
        settings = Settings(data, _address(broker), port, topic_prefix, client_id, presence_keys, guard)
        _serve(settings)
    except ValueError as error:
        _fail(str(error), EXIT_USAGE)
    except (OSError, sqlite3.Error) as error:
        _fail(str(error), EXIT_UNREACHABLE)


def _serve(settings: Settings) -> None:
    """Runs a house until SIGTERM or SIGINT. Says `ready` with the API's port, and its counts at the end."""
    from .house import House  # noqa: PLC0415  # see `run`

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with House(settings) as house:
        while not ended.is_set() and not house.wait_until_ready(_READY_POLL_S):
            logging.getLogger(__name__).info("waiting for the broker at %s:%d", *settings.broker)
        if not ended.is_set():
            _say({"event": "ready", "api_port": house.port, "data": str(settings.folder)})
        ended.wait()
        stats = house.stats()
    _say({"event": "stopped"} | stats)


@app.command()
def report(
    *,
    period: Annotated[str, typer.Option(help="2026Q1, or 20260101-20260331")],
    out: Annotated[Path, typer.Option(help="folder that gets report.html and report.json")],
    data: Data = Path("authority"),
    as_json_: Annotated[bool, typer.Option("--json", help="print the values as one JSON object")] = False,
) -> None:
    """Compute the 16 indicators and six classes of anomaly from what arrived; also beside the service."""
    _must_have(data, BOOKS, POSITIONS)
    try:
        computed = report_of(data / BOOKS, data / POSITIONS, period_of(period))
    except ValueError as error:
        _fail(str(error), EXIT_USAGE)
    except sqlite3.Error as error:
        _fail(f"{data}: {error}", EXIT_UNREACHABLE)
    page, document = write(computed, out)
    values = {
        each.id: None if each.value is None else str(each.value) for each in computed.indicators.values()
    }
    if as_json_:
        typer.echo(json.dumps(values))
        return
    for each in computed.indicators.values():
        typer.echo(f"{each.id:<7} {values[each.id] or '–':>10} {each.unit:<14} {each.chinese}  {each.name}")
    typer.echo(f"Page    {page}  (open it in a browser)\nJSON    {document}")


@accounts.command("add")
def account_add(
    name: Annotated[str, typer.Argument(help="a-z 0-9 -")],
    *,
    kind: Annotated[AccountKind, typer.Option(help="company, driver or platform")],
    owner: Annotated[str, typer.Option(help="company code or identity number that it acts for")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="repeatable; all of its kind when absent")] = None,
    data: Data = Path("authority"),
) -> None:
    """Make an account and print its secret, this once."""
    try:
        desk = Desk(data)
        try:
            secret = desk.accounts.add(name, kind, scope or (), owner)
        finally:
            desk.close()
    except (BookError, ValueError) as error:
        _fail(str(error), EXIT_USAGE)
    typer.echo(secret)


@accounts.command("list")
def account_list(data: Data = Path("authority")) -> None:
    """Every account with its kind and scopes; owners are not shown."""
    _must_have(data, BOOKS)
    desk = Desk(data)
    for name, kind, scopes, _, ended in desk.accounts.listed():
        typer.echo(f"{name:<20} {kind:<9} {'ended' if ended else scopes}")
    desk.close()


@accounts.command("end")
def account_end(name: Annotated[str, typer.Argument()], *, data: Data = Path("authority")) -> None:
    """Close an account and its tokens at once."""
    _must_have(data, BOOKS)
    desk = Desk(data)
    done = desk.accounts.end(name)
    desk.close()
    if not done:
        _fail(f"{name}: no such account, or it is closed already", EXIT_USAGE)


def _must_have(data: Path, *names: str) -> None:
    """Nothing is made in a folder that was mistyped."""
    for name in names:
        if not (data / name).exists():
            hint = "`account add` makes it" if name == BOOKS else "the service makes it when it runs"
            _fail(f"{data / name}: there is no such file; {hint}", EXIT_UNREACHABLE)


def _address(broker: str) -> tuple[str, int]:
    host, colon, port = broker.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(f"{broker!r} is not HOST:PORT")
    return host, int(port)


def _say(event: dict[str, object]) -> None:
    print(json.dumps(event), flush=True)


def _fail(text: str, code: int) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(code)
