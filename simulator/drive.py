"""`fleet-sim run`: trucks against a gateway that somebody else runs. Where it is, and the sums at the end."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .fleet.events import FleetLog
from .fleet.routes import built_in_routes, find_route
from .fleet.runner import Runner
from .fleet.scenario import Options, plan_fleet
from .fleet.truck import Truck

_LOOK_S: Final = 0.5
SPARE_FILES: Final = 64
_CONNECT_TIMEOUT_S: Final = 5.0

Say = Callable[[str], None]


class Unreachable(RuntimeError):
    """Nobody listens where the gateway should; the text says what to do."""


@dataclass(frozen=True)
class DriveOptions:
    """As the command line says. routes: names or files, none for all that are built in. record: JSON Lines
    of every report. drain_s: limit for what is held at the end.
    """

    host: str
    port: int
    trucks: int
    seconds: float
    seed: int
    routes: tuple[str, ...]
    editions: tuple[int, ...]
    interval_s: int
    compression: int
    record: Path | None
    drain_s: float


async def drive(options: DriveOptions, say: Say) -> dict[str, Any]:
    """Drives, drains, and gives the counts: seed, trucks, emitted, acknowledged, held, refused, connections,
    and ok, whether the gateway has acknowledged everything. say: is told now and then where it is.

    Raises Unreachable before the first truck moves, RouteFileError and ValueError for bad options.
    """
    routes = [find_route(name) for name in options.routes] or built_in_routes()
    wanted = Options(
        options.trucks, options.seconds, options.compression, options.interval_s, options.editions
    )
    plans = plan_fleet(options.seed, wanted, routes).plans
    _allow_sockets(options.trucks)
    await _look_for_gateway(options.host, options.port)
    with options.record.open("w", encoding="utf-8") if options.record else nullcontext() as stream:
        log = FleetLog(stream)
        trucks = [Truck(plan, wanted, [(options.host, options.port)], log) for plan in plans]
        async with Runner(trucks) as runner:
            await _drive(runner, log, options.seconds, say)
            say(f"draining  emitted {log.emitted}  acknowledged {log.acknowledged}")
            await runner.drain(options.drain_s)
    return _result(options, runner, log)


def _allow_sockets(trucks: int) -> None:
    """Each truck is a socket; many systems allow 1,024 to begin with and more on request.

    Raises ValueError when the system does not allow enough.
    """
    wanted = trucks + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise ValueError(f"{trucks} trucks need {wanted} open files, this system allows {hard} (ulimit -Hn)")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _look_for_gateway(host: str, port: int) -> None:
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        raise Unreachable(
            f"no gateway at {host}:{port} ({error or 'no answer'}). Start one with `edge-gateway init` and"
            " `edge-gateway run gateway.toml`, or name another with --host and --port."
        ) from error
    writer.close()
    await writer.wait_closed()


async def _drive(runner: Runner, log: FleetLog, seconds: float, say: Say) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    while (passed_s := loop.time() - start) < seconds:
        await asyncio.sleep(min(_LOOK_S, seconds - passed_s))
        say(
            f"online {runner.online}/{len(runner.links)}"
            f"  emitted {log.emitted}  acknowledged {log.acknowledged}  held {runner.held}"
        )


def _result(options: DriveOptions, runner: Runner, log: FleetLog) -> dict[str, Any]:
    return {
        "seed": options.seed,
        "trucks": options.trucks,
        "emitted": log.emitted,
        "acknowledged": log.acknowledged,
        "held": runner.held,
        "refused": sum(truck.terminal.refused for truck in runner.trucks),
        "ok": runner.held == 0 and log.emitted == log.acknowledged,
        "connections": sum(link.connections for link in runner.links),
    }
