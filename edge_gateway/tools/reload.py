"""`edge-gateway reload`: has the running gateway read its configuration anew, and says what became of it."""

import json

import typer

from ..control import ControlError, ask
from .common import FAILED, AsJson, ConfigPath, fail, load


def reload(config: ConfigPath, as_json: AsJson = False) -> None:
    """Have the running gateway take over what changed in its configuration and in the files that it names
    (certificates, keys, profiles). Says what is in force now, and what waits for a restart. Exit code 1:
    something could not be used and is as it was."""
    try:
        said = ask(load(config).control_path, "reload")
    except ControlError as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps(said))
    else:
        typer.echo(f"in force now     {', '.join(said['taken']) or 'nothing changed'}")
        if said["restart"]:
            typer.echo(f"needs a restart  {', '.join(said['restart'])}")
        for problem in said["problems"]:
            typer.echo(f"left as it was   {problem}", err=True)
    if said["problems"]:
        raise typer.Exit(FAILED)
