"""`fleet-sim freight …`: scenarios over the real road. Parses, calls, prints; decides nothing."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console

from protocols.monitoring.envelopes import PLAIN, PROFILES

from ..broker import BrokerError
from ..demo.lock import FolderInUse, only_one_in
from ..gateway_process import GatewayError
from ..interrupts import run_work
from ..progress_line import live_line
from ..ready import NotReady
from . import tables
from .handing import HandingError
from .judged import Judged
from .planter import PlantError
from .plants import MOVES
from .scenarios import SCENARIOS, Scenario, build
from .sweeping import Moved, Sweep
from .travelling import Refused
from .trial import Progress, TrialError, recent, run
from .world import World

EXIT_DIFFERENT: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNREACHABLE: Final = 3
SCHEMA: Final = "dianyun.freight-trial/1"
_SEED_BITS: Final = 32
_FAILED: Final = (NotReady, BrokerError, GatewayError, Refused, HandingError, TrialError, OSError)

app = typer.Typer(
    no_args_is_help=True,
    help="Freight scenarios over the real road: the authority's 16 indicators beside the planted truth.",
    epilog="Exit codes: 0 computed is planted · 1 it is not · 2 usage · 3 a part is not there or something"
    " did not arrive · 130 interrupted.",
)

Seed = Annotated[int | None, typer.Option(help="same seed, same world; random and printed when absent")]
Scenarios = Annotated[str, typer.Argument(help=f"one of {', '.join(SCENARIOS)}", show_default=True)]
Output = Annotated[Path, typer.Option(help="gets the report, and in `run` all data and logs")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]


@app.command("run")
def run_(
    scenario: Scenarios = "pilot",
    *,
    seed: Seed = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="instead of the scenario's own: NAME or NAME=COUNT of `freight faults`; repeatable"
        ),
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="without any fault")] = False,
    envelope: Annotated[str, typer.Option(help=f"of the line: {', '.join(PROFILES)}")] = PLAIN,
    output: Output = Path("build/freight"),
    as_json: Json = False,
) -> None:
    """One scenario from trucks to indicators: every track, every document, then the table.

    Starts broker, authority and gateway of its own and stops them again.
    """
    chosen = _seed(seed, as_json)
    world = _world(scenario, chosen, _faults(fault, clean))
    if envelope not in PROFILES:
        _fail(f"--envelope {envelope}: one of {', '.join(PROFILES)}", EXIT_USAGE)
    console, progress, begun = Console(), Progress(scenario), time.monotonic()

    async def work() -> Judged:
        async with live_line(_err(as_json), progress.line):
            return await run(world, output, envelope, progress)

    try:
        with only_one_in(output):
            judged = run_work(work())
    except FolderInUse as error:
        _fail(str(error), EXIT_USAGE)
    except _FAILED as error:
        _fail(f"{error}\nLogs: {output / 'run'}", EXIT_UNREACHABLE)
    wrong = judged.differences()
    if as_json:
        print(json.dumps(_document(judged, scenario, chosen, time.monotonic() - begun), ensure_ascii=False))
    else:
        console.print(
            f"{judged.positions} positions and {judged.documents} documents travelled in"
            f" {time.monotonic() - begun:.0f} s", highlight=False,
        )  # fmt: skip
        tables.tell(judged, console)
    raise typer.Exit(EXIT_DIFFERENT if wrong else 0)


@app.command("sweep")
def sweep_(
    fault: Annotated[
        list[str] | None, typer.Argument(help="names of `freight faults`; all when absent")
    ] = None,
    *,
    seed: Seed = None,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="runs at the same time")] = 2,
    output: Output = Path("build/sweep"),
    as_json: Json = False,
) -> None:
    """A small clean world, then the same with each fault alone: exactly the declared indicators must move.

    Each is a run with processes of its own, some seconds long.
    """
    chosen, wanted = _seed(seed, as_json), list(dict.fromkeys(fault or MOVES))
    _known(wanted)
    sweep = Sweep(chosen, wanted, output, jobs)

    async def work() -> list[Moved]:
        async with live_line(_err(as_json), sweep.line):
            return await sweep.run()

    try:
        with only_one_in(output):
            found = run_work(work())
    except (FolderInUse, PlantError) as error:
        _fail(str(error), EXIT_USAGE)
    except _FAILED as error:
        if sweep.found() and not as_json:
            Console().print(tables.swept(sweep.found()))
        _fail(f"{error}\nLogs: {output}", EXIT_UNREACHABLE)
    if as_json:
        print(json.dumps(_swept(found, chosen), ensure_ascii=False))
    else:
        Console().print(tables.swept(found))
        for one in found:
            for difference in one.judged.differences():
                print(f"{one.fault}: {difference}")
    raise typer.Exit(0 if all(one.right for one in found) else EXIT_DIFFERENT)


@app.command()
def faults(as_json: Json = False) -> None:
    """List the faults that can be planted, and which indicators each one moves."""
    if as_json:
        print(
            json.dumps(
                {name: tables.names(moves).split(", ") if moves else [] for name, moves in MOVES.items()}
            )
        )
        return
    Console().print(tables.faults())


def _world(name: str, seed: int, faults_: Mapping[str, int] | None) -> World:
    try:
        return build(_scenario(name), seed, faults_, recent(int(time.time())))
    except PlantError as error:
        _fail(f"{name}: {error}", EXIT_USAGE)


def _scenario(name: str) -> Scenario:
    if name not in SCENARIOS:
        _fail(f"scenario {name!r}: one of {', '.join(SCENARIOS)}", EXIT_USAGE)
    return SCENARIOS[name]


def _faults(given: list[str] | None, clean: bool) -> dict[str, int] | None:
    """None: the scenario's own."""
    if clean and given:
        _fail("--clean and --fault: only one of them", EXIT_USAGE)
    if not given:
        return {} if clean else None
    wanted: dict[str, int] = {}
    for each in given:
        name, _, count = each.partition("=")
        if count and not (count.isdecimal() and 0 < int(count) < 1000):
            _fail(f"--fault {each}: NAME or NAME=COUNT", EXIT_USAGE)
        wanted[name] = wanted.get(name, 0) + int(count or 1)
    _known(wanted)
    return wanted


def _known(names: Iterable[str]) -> None:
    for name in names:
        if name not in MOVES:
            _fail(f"fault {name!r}: `fleet-sim freight faults` lists those that there are", EXIT_USAGE)


def _seed(given: int | None, quiet: bool) -> int:
    chosen = random.SystemRandom().getrandbits(_SEED_BITS) if given is None else given
    if not quiet:
        print(f"seed {chosen}", flush=True)
    return chosen


def _err(quiet: bool) -> Console:
    """Where the live line goes."""
    return Console(stderr=True, quiet=quiet)


def _document(judged: Judged, scenario: str, seed: int, seconds: float) -> dict[str, Any]:
    truth, values = judged.truth.fractions(), judged.as_json()["indicators"]
    return {
        "schema": SCHEMA, "scenario": scenario, "seed": seed, "ok": not judged.differences(),
        "documents": judged.documents, "positions": judged.positions, "seconds": round(seconds, 1),
        "indicators": {
            name: {"value": values[name], "computed": found, "planted": truth[name]}
            for name, found in judged.computed.items()
        },
        "differences": judged.differences(), "report": str(judged.page),
    }  # fmt: skip


def _swept(found: list[Moved], seed: int) -> dict[str, Any]:
    return {
        "schema": SCHEMA, "seed": seed, "ok": all(one.right for one in found),
        "faults": {
            one.fault: {
                "moved": sorted(one.found), "declared": sorted(one.declared),
                "differences": one.judged.differences(),
            }
            for one in found
        },
    }  # fmt: skip


def _fail(text: str, code: int) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(code)
