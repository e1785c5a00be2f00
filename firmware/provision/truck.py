"""The description of one terminal in TOML, checked field by field, and the file that the board reads."""

from __future__ import annotations

import json
import secrets
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from firmware.board.esp32.pins import DEFAULTS as ESP32
from firmware.board.rp2.pins import DEFAULTS as RP2

KEY_BYTES: Final = 32
NEW_KEY: Final = "new"
PLATE_BYTES_MAX: Final = 40
PORTS: Final = range(1, 65536)
BOARDS: Final[dict[str, dict[str, Any]]] = {"esp32": ESP32, "rp2": RP2}
CHOICES: Final = {
    "display": ("", "st7789", "st7735", "ssd1680"),
    "serial_use": ("passthrough", "card_reader"),
    "serial2_use": ("passthrough", "card_reader"),
}
Ascii = Annotated[str, Field(pattern=r"^[\x21-\x7e]*$")]
Seconds = Annotated[int, Field(ge=1, le=65535)]


class TruckError(ValueError):
    """The description cannot be used; each line of the text names a key."""


class Keys(BaseModel):
    """Secrets of this one terminal: 64 hex digits, `new` for fresh ones, empty for none."""

    model_config = ConfigDict(extra="forbid")

    presence: str = ""
    presence_number: int = Field(default=0, ge=0, le=255)
    ota: str = ""
    sealed_codes: bool = False

    @field_validator("presence", "ota")
    @classmethod
    def _key(cls, value: str) -> str:
        if value in ("", NEW_KEY):
            return value
        if len(value) != 2 * KEY_BYTES or not all(digit in "0123456789abcdef" for digit in value.lower()):
            raise ValueError(f"{2 * KEY_BYTES} hex digits, {NEW_KEY!r} or nothing is needed")
        return value.lower()


class Wiring(BaseModel):
    """What is connected where: names and defaults are those of firmware/board/<kind>/pins.py."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["esp32", "rp2"]

    @model_validator(mode="after")
    def _known(self) -> Wiring:
        defaults = BOARDS[self.kind]
        for name, value in self.changes().items():
            if name not in defaults:
                raise ValueError(f"{name}: no such name on {self.kind}")
            if type(value) is not type(defaults[name]):
                raise ValueError(f"{name}: {type(defaults[name]).__name__} is needed")
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(f"{name}: one of {', '.join(filter(None, CHOICES[name]))}, or nothing")
        return self

    def changes(self) -> dict[str, Any]:
        """What differs from the defaults."""
        return dict(self.model_extra or {})


class Truck(BaseModel):
    """One terminal. Names and units are those of the firmware's settings."""

    model_config = ConfigDict(extra="forbid")

    phone: Annotated[str, Field(pattern=r"^[0-9]{11,20}$")]
    edition: Literal[2011, 2013, 2019] = 2019
    plate: str = Field(min_length=1)
    plate_colour: int = Field(ge=0, le=255)
    terminal_id: Ascii = Field(min_length=1, max_length=30)
    maker: Ascii = Field(default="DYEDG", max_length=11)
    model: Ascii = Field(default="EDGE-1", max_length=30)
    imei: Annotated[str, Field(pattern=r"^([0-9]{15})?$")] = ""
    province: int = Field(default=53, ge=0, le=99)
    city: int = Field(default=0, ge=0, le=9999)
    servers: Annotated[list[str], Field(min_length=1, max_length=2)]
    apn: Ascii = Field(default="", max_length=63)
    interval_s: Seconds = 10
    idle_interval_s: Seconds = 60
    heartbeat_s: Seconds = 60
    keys: Keys = Keys()
    board: Wiring | None = None

    @field_validator("plate")
    @classmethod
    def _plate(cls, value: str) -> str:
        try:
            length = len(value.encode("gbk"))
        except UnicodeEncodeError as error:
            raise ValueError(f"{value[error.start]!r} is not in GBK") from None
        if length > PLATE_BYTES_MAX:
            raise ValueError(f"longer than {PLATE_BYTES_MAX} bytes in GBK")
        return value

    @field_validator("servers")
    @classmethod
    def _servers(cls, values: list[str]) -> list[str]:
        for value in values:
            _address(value)
        return values


def read(path: Path) -> Truck:
    """The checked description. Raises TruckError with one line for each key that is wrong; OSError."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TruckError(f"{path}: {error}") from None
    try:
        truck = Truck.model_validate(values)
    except ValidationError as error:
        raise TruckError(_explained(path, error)) from None
    _check_widths(path, truck)
    return truck


def board_file(truck: Truck) -> bytes:
    """What the board reads at its start: JSON, ASCII only. Fresh keys are drawn here: each call differs."""
    values = truck.model_dump(exclude={"plate", "servers", "keys", "board"})
    if truck.board is not None:
        values["board"] = truck.board.changes()
    values["plate_gbk"] = truck.plate.encode("gbk").hex()
    values["servers"] = [_address(server) for server in truck.servers]
    keys = truck.keys
    for name, key in (("presence_key", keys.presence), ("ota_key", keys.ota)):
        if key:
            values[name] = secrets.token_hex(KEY_BYTES) if key == NEW_KEY else key
    if "presence_key" in values:
        values["presence_key_number"] = keys.presence_number
        values["sealed_codes"] = keys.sealed_codes
    return json.dumps(values, sort_keys=True).encode() + b"\n"


def template() -> str:
    """A description to begin with."""
    return """\
# One terminal. `python -m firmware.provision write THIS --port /dev/ttyUSB0` puts it on the board.
phone = "13912345678"            # of the SIM card or as the platform gave it (终端手机号)
edition = 2019                   # of JT/T 808: 2011, 2013 or 2019
plate = "云A12345"
plate_colour = 2                 # JT/T 697.7: 1 blue, 2 yellow, 3 black, 4 white, 5 green, 93 yellow-green …
terminal_id = "T000001"          # 7 characters before 2019, up to 30 since
servers = ["203.0.113.10:7808"]  # main first, then backup
apn = "cmnet"                    # of the mobile network
province = 53                    # GB/T 2260
city = 100
interval_s = 10
idle_interval_s = 60
heartbeat_s = 60

[keys]                           # 64 hex digits, "new", or nothing
presence = "new"                 # proves that the code on the screen is fresh (在场证明)
presence_number = 1
sealed_codes = false             # true: only codes under a seal of this key are shown
ota = ""                         # whose firmware is accepted over the air

# [board]                        # what is not connected as docs/boards.md has it; -1: not at all
# kind = "esp32"                 # or "rp2"
# display = "st7789"             # st7735, ssd1680
# gnss_baudrate = 115200
"""


def _address(text: str) -> list[Any]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) not in PORTS:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return [host.strip("[]"), int(port)]


def _check_widths(path: Path, truck: Truck) -> None:
    """The fields of 0x0100 are narrower before 2019 (JT/T 808 registration, see docs/messages.md)."""
    widths = {2011: (5, 8, 7), 2013: (5, 20, 7), 2019: (11, 30, 30)}[truck.edition]
    lines = [
        f"{path}: {name}: {len(getattr(truck, name))} characters, edition {truck.edition} has {width}"
        for name, width in zip(("maker", "model", "terminal_id"), widths, strict=True)
        if len(getattr(truck, name)) > width
    ]
    if truck.edition != 2019 and len(truck.phone) > 12:
        lines.append(f"{path}: phone: {len(truck.phone)} digits, edition {truck.edition} has 12")
    if lines:
        raise TruckError("\n".join(lines))


def _explained(path: Path, error: ValidationError) -> str:
    """One line a key; the input is not repeated, it may be a secret."""
    return "\n".join(f"{path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
