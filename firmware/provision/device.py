"""The board at the other end of a serial line, by mpremote: puts one file there and reads it back."""

from __future__ import annotations

from types import TracebackType
from typing import Final

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

CONFIG_NAME: Final = "config.json"
_NEW_NAME: Final = "config.new"
_SECONDS: Final = 10


class DeviceError(RuntimeError):
    """The board does not answer, or did not keep what it was given."""


class Device:
    """`with Device(port) as device:` stops the running program and starts it anew at the end.

    port: of pyserial. folder: on the board; "" is where MicroPython starts. restart: False leaves the board
    at its prompt. Raises DeviceError when there is no board.
    """

    def __init__(self, port: str, folder: str = "", restart: bool = True, baudrate: int = 115200) -> None:
        self._folder = folder.rstrip("/") + "/" if folder else ""
        self._restart = restart
        try:
            self._transport = SerialTransport(port, baudrate=baudrate, timeout=_SECONDS)
        except (TransportError, SerialException, OSError) as error:
            raise DeviceError(f"{port}: cannot be opened: {error}") from None
        self._port = port

    def __enter__(self) -> Device:
        try:
            self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_SECONDS)
        except TransportError as error:
            self._transport.close()
            raise DeviceError(f"{self._port}: no MicroPython answers: {error}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._transport.exit_raw_repl()
            if self._restart and error is None:
                self._transport.serial.write(b"\x04")  # a soft reset, which starts main.py
        finally:
            self._transport.close()

    def board(self) -> str:
        """What it says it is: `esp32 1.28.0`, say."""
        answer = self._do(
            lambda: self._transport.eval(
                "(__import__('sys').platform, '.'.join(map(str, __import__('sys').implementation[1][:3])))"
            )
        )
        return " ".join(answer)

    def write(self, data: bytes) -> None:
        """Puts the configuration there: written beside the old one, read back, then renamed over it.

        Raises DeviceError when what comes back differs; the old file is then still in use.
        """
        new, final = self._folder + _NEW_NAME, self._folder + CONFIG_NAME
        self._do(lambda: self._transport.fs_writefile(new, data))
        if self._do(lambda: self._transport.fs_readfile(new)) != data:
            raise DeviceError(f"{self._port}: {new} reads back otherwise; the old configuration stays")
        self._do(lambda: self._transport.exec(f"import os\nos.rename({new!r}, {final!r})"))

    def read(self) -> bytes:
        """The configuration that is there. Raises DeviceError when there is none."""
        return bytes(self._do(lambda: self._transport.fs_readfile(self._folder + CONFIG_NAME)))

    def _do(self, step):  # type: ignore[no-untyped-def]
        try:
            return step()
        except (TransportError, SerialException, OSError) as error:
            raise DeviceError(f"{self._port}: {str(error).strip().splitlines()[-1]}") from None
