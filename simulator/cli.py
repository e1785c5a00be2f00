"""The command `fleet-sim`: trucks, demo, day, ledger, routes; authority, freight and conform come from their
rooms. Parses, calls, prints; decides nothing.

Exit codes: 0 everything arrived (or was acknowledged, where only that can be seen); 1 something is lost,
duplicated or still under way; 2 wrong usage; 3 a part could not be started or reached; 130 interrupted.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from shutil import rmtree
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console

from .authority.commands import app as authority_app
from .broker import BrokerError
from .conformance.commands import conform
from .day.day import Day
from .day.day import Outcome as DayOutcome
from .day.orders import OrderError
from .day.schedule import clock_text
from .day.truth import name_of
from .demo.demo import Demo, DemoOptions, Outcome
from .demo.ending import tell
from .demo.lock import FolderInUse, only_one_in
from .demo.road import emitted_of, received_by
from .demo.show import Silent, show_for
from .drive import DriveOptions, Unreachable, drive
from .fleet.events import read_fleet_log
from .fleet.importers import RouteFileError
from .fleet.routes import built_in_routes
from .fleet.scenario import EDITIONS
from .freight.commands import app as freight_app
from .gateway_process import GatewayError, status_of
from .interrupts import Interrupted, run_work
from .ledger.ledger import balance, gateway_counts
from .ledger.report import as_json, show, write_json
from .progress_line import live_line
from .ready import NotReady

EXIT_UNBALANCED: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNREACHABLE: Final = 3
EXIT_INTERRUPTED: Final = 130
_SEED_BITS: Final = 32
_EDITIONS: Final = ", ".join(map(str, EDITIONS))

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Virtual trucks, a virtual authority, faults and the ledger that accounts for every report.",
    epilog="Exit codes: 0 all is well · 1 lost, duplicated, under way, or other than it should be · 2 usage"
    " · 3 a part is not there · 130 interrupted.",
)
app.command()(conform)
app.add_typer(authority_app, name="authority")
app.add_typer(freight_app, name="freight")

Seed = Annotated[int | None, typer.Option(help="same seed, same sentences and events; random when absent")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]


def main() -> None:
    """Entry of the console command."""
    try:
        app()
    except Interrupted:
        print("interrupted; everything that was started is stopped", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


@app.command()
def run(
    *,
    host: Annotated[str, typer.Option(help="where the gateway listens")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7808,
    trucks: Annotated[int, typer.Option(min=1, max=20_000)] = 20,
    seconds: Annotated[float, typer.Option(min=1, help="of driving; then what is held is drained")] = 60,
    seed: Seed = None,
    route: Annotated[
        list[str] | None, typer.Option(help="a name of `fleet-sim routes`, or a GPX or NMEA file; repeatable")
    ] = None,
    edition_mix: Annotated[str, typer.Option(help="editions in turn")] = "2011,2013,2019",
    interval: Annotated[int, typer.Option(min=1, help="seconds between reports of a moving truck")] = 10,
    compression: Annotated[
        int, typer.Option(min=1, help="seconds of the truck's world in one second of its receiver")
    ] = 1,
    record: Annotated[Path | None, typer.Option(help="write every report and acknowledgement here")] = None,
    drain_seconds: Annotated[float, typer.Option(min=0, help="limit for draining")] = 60,
    as_json_: Json = False,
) -> None:
    """Drive N virtual trucks, each the real terminal core, against a gateway that is running.

    Ends with 0 only when the gateway has acknowledged every report.
    """
    try:
        options = DriveOptions(
            host, port, trucks, seconds, _seed(seed), tuple(route or ()), _editions(edition_mix), interval,
            compression, record, drain_seconds,
        )  # fmt: skip
        if not as_json_:
            print(f"seed {options.seed}", flush=True)
        result = run_work(_shown(options, as_json_))
    except (RouteFileError, ValueError) as error:
        _fail(str(error), EXIT_USAGE)
    except Unreachable as error:
        _fail(str(error), EXIT_UNREACHABLE)
    if as_json_:
        print(json.dumps(result))
    else:
        print(", ".join(f"{name} {value}" for name, value in result.items()))
    raise typer.Exit(0 if result["ok"] else EXIT_UNBALANCED)


@app.command()
def demo(
    *,
    seconds: Annotated[float, typer.Option(min=5, help="of driving")] = 60,
    trucks: Annotated[int, typer.Option(min=1, max=5_000)] = 50,
    seed: Seed = None,
    output: Annotated[Path, typer.Option(help="gets ledger.json, tracks.svg and all logs")] = Path(
        "build/demo"
    ),
    recording: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="NMEA recording for the second real terminal"),
    ] = None,
    as_json_: Json = False,
) -> None:
    """The whole road in a minute: broker, authority, gateway, trucks, and real firmware under MicroPython.

    Beside it a driver code's life is told. In the middle the broker is killed and away for 5 s, then the
    gateway is killed with SIGKILL. Ends with the indicators, the code, the ledger and a map; 0 only when
    every report arrived exactly once, the story came to its end and every indicator is the planted truth.
    """
    console = Console()
    options = DemoOptions(seconds, trucks, _seed(seed), output, recording)
    if not as_json_:
        print(f"seed {options.seed}", flush=True)
    view = Silent() if as_json_ else show_for(console)
    try:
        with view:
            outcome = run_work(Demo(options, view).run())
    except FolderInUse as error:
        _fail(str(error), EXIT_USAGE)
    except (NotReady, BrokerError, GatewayError, OSError) as error:
        _fail(f"{error}\nLogs: {output / 'run'}", EXIT_UNREACHABLE)
    _tell(outcome, console, as_json_)
    raise typer.Exit(0 if outcome.ok else EXIT_UNBALANCED)


@app.command()
def day(
    *,
    seed: Seed = None,
    edition: Annotated[int, typer.Option(help=f"that the terminal speaks: {_EDITIONS}")] = 2019,
    output: Annotated[Path, typer.Option(help="gets day.json and all logs")] = Path("build/day"),
    as_json_: Json = False,
) -> None:
    """24 hours of one truck in minutes: tunnels, areas, alarms, outages, power cuts; then the account.

    Time stands still while an answer is under way, so a seed gives the same day on every machine. 0 only when
    all arrived once and every alarm was told once, at the right time and place.
    """
    chosen = _seed(seed)
    if edition not in EDITIONS:
        _fail(f"--edition {edition}: one of {_EDITIONS}", EXIT_USAGE)
    if not as_json_:
        print(f"seed {chosen}", flush=True)
    try:
        with only_one_in(output):
            rmtree(output / "run", ignore_errors=True)  # the day before
            outcome = Day(output / "run", chosen, _silent if as_json_ else print, edition).run()
    except FolderInUse as error:
        _fail(str(error), EXIT_USAGE)
    except (NotReady, BrokerError, GatewayError, OrderError, OSError) as error:
        _fail(f"{error}\nLogs: {output / 'run'}", EXIT_UNREACHABLE)
    _tell_day(outcome, output / "day.json", as_json_)
    raise typer.Exit(0 if outcome.ok else EXIT_UNBALANCED)


@app.command()
def ledger(
    *,
    emitted: Annotated[Path, typer.Option(exists=True, help="what `fleet-sim run --record` wrote")],
    authority: Annotated[Path, typer.Option(exists=True, help="the authority's database")],
    gateway: Annotated[Path, typer.Option(exists=True, help="the gateway's TOML configuration")],
    as_json_: Json = False,
) -> None:
    """Hold what was emitted against what the gateway and the authority have; name what is missing."""
    try:
        total, terminals = gateway_counts(status_of(gateway))
        account = balance(emitted_of(read_fleet_log(emitted)), total, terminals, received_by(authority))
    except ValueError as error:
        _fail(str(error), EXIT_USAGE)
    except GatewayError as error:
        _fail(str(error), EXIT_UNREACHABLE)
    if as_json_:
        print(json.dumps(as_json(account)))
    else:
        show(account, Console())
    raise typer.Exit(0 if account.total.drained else EXIT_UNBALANCED)


@app.command()
def routes(as_json_: Json = False) -> None:
    """List the roads that come with the simulator; they are approximate and our own."""
    known = [
        {"name": r.name, "road": r.road, "km": round(r.length_m / 1000), "tunnels": len(r.tunnels),
         "title": r.title}
        for r in built_in_routes()
    ]  # fmt: skip
    if as_json_:
        print(json.dumps(known))
        return
    for route in known:
        print(f"{route['name']:<18} {route['road']:<6} {route['km']:>4} km  {route['tunnels']:>2} tunnels"
              f"  {route['title']}")  # fmt: skip


def _tell(outcome: Outcome, console: Console, json_only: bool) -> None:
    if json_only:
        print(json.dumps(outcome.document, ensure_ascii=False))
        return
    tell(outcome, console)


def _tell_day(outcome: DayOutcome, file: Path, json_only: bool) -> None:
    document = as_json(outcome.ledger, outcome.seed, **outcome.as_dict())
    write_json(file, document)
    if json_only:
        print(json.dumps(document, ensure_ascii=False))
        return
    for alarm in outcome.seen:
        english, chinese = name_of(alarm.what)
        print(f"{clock_text(alarm.second)}  told: {english} · 上报：{chinese}")
    for difference in outcome.differences:
        print(f"WRONG  {difference}")
    print(", ".join(f"{name} {value}" for name, value in outcome.figures.items()))
    show(outcome.ledger, Console())
    right = len(outcome.wanted) if not outcome.differences else 0
    print(f"Alarms  {right} of {len(outcome.wanted)} told once, at the right time and place · 报警核对")
    print(f"Account {file}")


async def _shown(options: DriveOptions, quiet: bool) -> dict[str, Any]:
    """Drives, with one line that says where it is."""
    now = ["connecting"]
    async with live_line(Console(stderr=True, quiet=quiet), lambda: now[0]):
        return await drive(options, lambda text: now.__setitem__(0, text))


def _silent(_: str) -> None:
    """Says nothing."""


def _seed(given: int | None) -> int:
    return random.SystemRandom().getrandbits(_SEED_BITS) if given is None else given


def _editions(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"--edition-mix {text!r}: a list like 2013,2019; known are {_EDITIONS}") from None


def _fail(text: str, code: int) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
