"""`edge-gateway status`: where the gateway stands, running or not, in the same words."""

import json
from typing import Annotated, Any

import typer

from ..control import ControlError, ask, is_running
from ..journal import JournalError, read_totals
from ..status import named_destinations, summed
from .common import AsJson, ConfigPath, fail, load

NAMES = ("journalled", "delivered", "queued", "rejected", "damaged")


def status(
    config: ConfigPath,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(min=0, help="Terminals that are listed; 0 for none.")] = 20,
) -> None:
    """Whether the gateway runs, what the journal holds, what each broker says, and who has the most queued.

    journalled = delivered + queued + rejected + damaged, exact at any moment. delivered: confirmed by every
    monitoring system. duplicates counts recognised resends; it is saved with its terminal now and then, so it
    lags while the gateway runs and after a kill.
    """
    checked = load(config)
    running = is_running(checked.control_path)
    paths = checked.journal_paths + checked.old_journal_paths
    if not as_json and not any(path.exists() for path in paths):
        typer.echo(
            f"no journal at {checked.journal_paths[0]} yet: the gateway has not run with this configuration"
        )
        return
    try:
        totals = summed([read_totals(path) for path in paths])
        live = ask(checked.control_path, "status") if running else None
    except (JournalError, ControlError) as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps(totals | {"running": live is not None, "live": live}))
        return
    _print(totals, live, limit)


def _print(totals: dict[str, Any], live: dict[str, Any] | None, limit: int) -> None:
    if live is None:
        typer.echo("not running")
    else:
        server = live["server"]
        typer.echo(
            f"running, pid {live['pid']}, for {live['uptime_s']:.0f} s: {server['connections']} connections,"
            f" {server['online']} of {server['registered']} terminals online"
        )
        for name, each in named_destinations(live["delivery"]).items():
            typer.echo(_destination(name, each))
    typer.echo("  ".join(f"{name} {totals[name]}" for name in NAMES))
    terminals = sorted(totals["terminals"].items(), key=lambda item: (-item[1]["queued"], item[0]))
    for identity, counts in terminals[:limit]:
        typer.echo(f"{identity:>20}  " + "  ".join(f"{name} {count}" for name, count in counts.items()))
    if limit and len(terminals) > limit:
        typer.echo(f"… and {len(terminals) - limit} terminals more (--limit)")


def _destination(name: str, figures: dict[str, Any]) -> str:
    missing = f"not connected ({figures['last_error'] or 'not yet'})"
    link = "connected" if figures["connected"] else missing
    return (
        f"{name}: {link}, {figures['depth']} queued, the oldest {figures['oldest_age_ms'] / 1000:.1f} s old"
    )
