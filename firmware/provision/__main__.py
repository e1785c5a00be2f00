"""`python -m firmware.provision`: template, check, write, show. Exit: 0, 1 the board, 2 the description."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from .device import Device, DeviceError
from .keys import hand_over
from .truck import TruckError, board_file, read, template

EXIT_BOARD: Final = 1
EXIT_USAGE: Final = 2
SECRETS: Final = ("presence_key", "ota_key")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Identity, servers and keys of one terminal, as one file on its board.",
)
Port = Annotated[str, typer.Option(help="serial port of the board, /dev/ttyUSB0 say")]
Folder = Annotated[str, typer.Option(help="folder on the board; its root when absent")]
KeyFile = Annotated[Path | None, typer.Option(dir_okay=False, help="file of the gateway to put the key into")]
Description = Annotated[
    Path, typer.Argument(help="TOML, as `template` prints it", exists=True, dir_okay=False)
]


@app.command("template")
def print_template() -> None:
    """Print a description to fill in."""
    print(template(), end="")


@app.command()
def check(description: Description) -> None:
    """Check a description; name each key that is wrong."""
    _read(description)
    print(f"{description}: all right")


@app.command()
def write(
    *,
    description: Description,
    port: Port,
    folder: Folder = "",
    restart: bool = True,
    seals: KeyFile = None,
    presence: KeyFile = None,
) -> None:
    """Write the description to the board, read it back, and start the terminal anew. With --seals and
    --presence its key goes into the gateway's files too (freight.seal_file, freight.presence_file)."""
    data = board_file(_read(description))
    try:
        with Device(port, folder, restart) as device:
            board = device.board()
            device.write(data)
        if seals or presence:
            hand_over(data, seals, presence)
    except DeviceError as error:
        _fail(str(error), EXIT_BOARD)
    except (TruckError, OSError) as error:
        _fail(f"the board is written, its key is not handed over: {error}", EXIT_USAGE)
    print(f"{description} is on the {board} at {port}")


@app.command()
def show(port: Port, folder: Folder = "", restart: bool = True) -> None:
    """Print what is on the board; keys are told as present, not shown."""
    try:
        with Device(port, folder, restart) as device:
            values = json.loads(device.read())
    except DeviceError as error:
        _fail(str(error), EXIT_BOARD)
    except ValueError:
        _fail(f"{port}: the configuration on the board is no JSON", EXIT_BOARD)
    if "plate_gbk" in values:
        values["plate"] = bytes.fromhex(values.pop("plate_gbk")).decode("gbk", "replace")
    for name in SECRETS:
        if name in values:
            values[name] = "(present)"
    print(json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True))


def _read(description: Path):  # type: ignore[no-untyped-def]
    try:
        return read(description)
    except TruckError as error:
        _fail(str(error), EXIT_USAGE)


def _fail(text: str, code: int) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(code)


if __name__ == "__main__":
    app()
