"""What the commands share: the configuration, one line for what is wrong, exit codes."""

from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from .. import config_file
from ..config import Config, ConfigError

FAILED: Final = 1  # it could not be done
WRONG: Final = 2  # the command line or the configuration is wrong

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The TOML file; `init` writes one.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def load(path: Path) -> Config:
    """The configuration; ends the command when it is wrong."""
    try:
        return config_file.load(path)
    except ConfigError as error:
        fail("\n".join(error.problems), WRONG)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Ends the command."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
