"""`edge-gateway config check | show`."""

import json
from typing import Annotated

import typer

from .. import config_file
from ..config import ConfigError
from .common import WRONG, AsJson, ConfigPath, fail, load

app = typer.Typer(help="Looks at a configuration.", no_args_is_help=True)


@app.command()
def check(config: ConfigPath) -> None:
    """Check a configuration file without starting anything."""
    load(config)
    typer.echo(f"{config}: good")


@app.command()
def show(
    config: ConfigPath,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    as_json: AsJson = False,
) -> None:
    """Every key in force. Secrets stand in files of their own and are not shown."""
    try:
        rows = config_file.shown(config)
    except ConfigError as error:
        fail("\n".join(error.problems), WRONG)
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows]))
        return
    for row in rows:
        line = f"{row.key} = {json.dumps(row.value, ensure_ascii=False)}"
        typer.echo(f"{line:60} {row.origin}" if origin else line)
