"""The `edge-gateway` command: run, check, init; the rest stands in `tools`. Turns exceptions into messages.

Exit codes: 0 all well, 1 it could not start or go on, 2 the command line or the configuration is wrong.
"""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from . import config_file, log
from .commands import StoreError
from .journal import JournalError
from .registry import RegistryError
from .tools import config as config_tools
from .tools import doctor, freight, journal, keys, live, person, reload, serial_port, status, tokens
from .tools.common import FAILED, WRONG, ConfigPath, fail, load

OTHERS = 0o007  # what we write says where people drive: not for every user of the machine
app = typer.Typer(
    help="JT/T 808 gateway: acknowledges a report when it is on the disk, delivers it over MQTT.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run(config: ConfigPath) -> None:
    """Run until SIGTERM or Ctrl-C. One JSON line on standard output says when it listens; the log goes to
    standard error."""
    # The other commands need not wait for what only this one loads.
    from . import gateway, supervisor  # noqa: PLC0415

    checked = load(config)
    log.configure(checked.log.level, checked.log.format)
    try:
        begin = gateway.run if checked.server.workers == 1 else supervisor.run
        begin(checked, _ready, lambda: config_file.load(config))
    except (gateway.GatewayError, JournalError, RegistryError, StoreError, OSError) as error:
        fail(str(error), FAILED)


@app.command()
def check(config: ConfigPath) -> None:
    """Check a configuration file without starting anything."""
    load(config)
    typer.echo(f"{config}: good")


@app.command()
def init(path: Annotated[Path, typer.Argument(metavar="PATH")] = Path("edge-gateway.toml")) -> None:
    """Write a configuration file with every key at its default. Never overwrites."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(config_file.template())
    except FileExistsError:
        fail(f"{path} exists and is left as it is; name another file", WRONG)
    except OSError as error:
        fail(f"{path}: {error.strerror}", WRONG)
    typer.echo(f"{path} written; `edge-gateway run {path}` starts the gateway")


for tool in (
    status.status,
    reload.reload,
    live.terminals,
    live.frames,
    doctor.doctor,
    serial_port.serial,
    freight.capacity,
):
    app.command()(tool)
app.add_typer(config_tools.app, name="config")
app.add_typer(freight.code, name="code")
app.add_typer(freight.evidence, name="evidence")
app.add_typer(journal.app, name="journal")
app.add_typer(keys.app, name="keys")
app.add_typer(person.app, name="person")
app.add_typer(tokens.app, name="token")


def main() -> None:
    """The entry point of the command."""
    os.umask(os.umask(0o077) | OTHERS)
    app()


def _ready(host: str, port: int, ports: dict[str, int]) -> None:
    further = {f"{name}_port": number for name, number in ports.items()}
    line = {"event": "ready", "host": host, "port": port, "pid": os.getpid(), **further}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
