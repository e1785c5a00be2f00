"""The `edge-gateway` command: run, check, init, status. Turns exceptions into messages and exit codes.

Exit codes: 0 all well, 1 it could not start or go on, 2 the command line or the configuration is wrong.
"""

import json
import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from . import config as configuration
from . import gateway, log
from .config import Config, ConfigError
from .journal import JournalError, read_totals
from .registry import RegistryError

WRONG = 2
FAILED = 1

app = typer.Typer(
    help="JT/T 808 gateway: acknowledges a report when it is on the disk, delivers it over MQTT.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The TOML file; `init` writes one.")]


@app.command()
def run(config: ConfigPath) -> None:
    """Run until SIGTERM or Ctrl-C. One JSON line on standard output says when it listens; the log goes to
    standard error."""
    checked = _load(config)
    log.configure(checked.log.level, checked.log.format)
    try:
        gateway.run(checked, _ready)
    except (gateway.GatewayError, JournalError, RegistryError, OSError) as error:
        _fail(str(error), FAILED)


@app.command()
def check(config: ConfigPath) -> None:
    """Check a configuration file without starting anything."""
    _load(config)
    typer.echo(f"{config}: good")


@app.command()
def init(path: Annotated[Path, typer.Argument(metavar="PATH")] = Path("edge-gateway.toml")) -> None:
    """Write a configuration file with every key at its default. Never overwrites."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(configuration.template())
    except FileExistsError:
        _fail(f"{path} exists and is left as it is; name another file", WRONG)
    except OSError as error:
        _fail(f"{path}: {error.strerror}", WRONG)
    typer.echo(f"{path} written; `edge-gateway run {path}` starts the gateway")


@app.command()
def status(
    config: ConfigPath, as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False
) -> None:
    """What the journal holds, in total and per terminal, whether the gateway runs or not.

    journalled = delivered + queued + rejected + damaged, exact at any moment. duplicates counts recognised
    resends; it is saved with its terminal now and then, so it lags while the gateway runs and after a kill.
    """
    checked = _load(config)
    if not as_json and not checked.journal_path.exists():
        typer.echo(
            f"no journal at {checked.journal_path} yet: the gateway has not run with this configuration"
        )
        return
    try:
        totals = read_totals(checked.journal_path)
    except JournalError as error:
        _fail(str(error), FAILED)
    if as_json:
        typer.echo(json.dumps(totals))
        return
    names = ("journalled", "delivered", "queued", "rejected", "damaged")
    typer.echo("  ".join(f"{name} {totals[name]}" for name in names))
    for identity, counts in totals["terminals"].items():
        typer.echo(f"{identity:>20}  " + "  ".join(f"{name} {count}" for name, count in counts.items()))


def main() -> None:
    """The entry point of the command."""
    app()


def _ready(host: str, port: int) -> None:
    print(json.dumps({"event": "ready", "host": host, "port": port, "pid": os.getpid()}), flush=True)


def _load(path: Path) -> Config:
    try:
        return configuration.load(path)
    except ConfigError as error:
        _fail("\n".join(error.problems), WRONG)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
