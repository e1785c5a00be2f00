"""What the commands share: the configuration, one line for what is wrong, exit codes."""

from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from protocols.monitoring.json_form import ProfileOf, as_the_standard_says

from .. import config_file
from ..config import Config, ConfigError
from ..habits import habits_of
from ..session.profiles import ProfilesError

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


def habits(config: Config) -> ProfileOf:
    """Which quirk profile bodies of a terminal are read by; ends the command when none can be told."""
    sessions = config.sessions
    try:
        found = habits_of(sessions.profiles_dir, dict(sessions.terminal_profiles), config.registry_path)
    except ProfilesError as error:
        fail("\n".join(error.problems), WRONG)
    return found.of if found else as_the_standard_says


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Ends the command."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
