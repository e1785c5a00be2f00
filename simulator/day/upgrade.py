"""New firmware for the truck of the day: the package, and the board that starts it and may fall back.

The terminal receives, checks and unpacks it as on a board. What then starts is this same terminal under the
version that the slot names: one process cannot run another firmware.
"""

from __future__ import annotations

import hmac
from random import Random
from typing import Any, Final

from firmware.package_upgrade import message_body, package
from firmware.terminal import actions, boot_record, pages
from firmware.terminal.ram_files import RamFile, RamFiles
from firmware.terminal.terminal import Terminal

KEY: Final = bytes(range(7, 39))
BOARD: Final = "truck"
START: Final = "start.mpy"
MAKER: Final = b"DYEDG"
_PART_BYTES: Final = 12_000


def upgrade_order(random: Random, version: str) -> bytes:
    """The body of the 0x8108 that carries this version."""
    files = {f"part{number}.mpy": random.randbytes(_PART_BYTES) for number in range(3)}
    return message_body(package({START: version.encode(), **files}, KEY, version, BOARD), MAKER, version)


class _Slot:
    """A folder of the flash in memory."""

    def __init__(self, files: RamFiles, name: str) -> None:
        self._files = files
        self._prefix = name + "/"

    def open(self, name: str, writable: bool) -> RamFile:
        """Raises OSError."""
        return self._files.open(self._prefix + name, writable)

    def remove(self, name: str) -> None:
        """Raises OSError when it is not there."""
        self._files.remove(self._prefix + name)

    def names(self) -> list[str]:
        """Of the files in it."""
        return [
            name.removeprefix(self._prefix) for name in self._files.names() if name.startswith(self._prefix)
        ]


class UpgradeBoard:
    """`start` at each boot, `look` now and then; `restart_asked`: the terminal wants to begin anew.

    It is `terminal.board`, and its own slots (see firmware.board.slots). versions: of each boot.
    """

    def __init__(self) -> None:
        self.ota_key = KEY.hex()
        self.board = BOARD.encode()
        self.camera = None
        self.restart_asked = False
        self.versions: list[str] = []
        self.store: Any = None
        self._confirmed = False

    def start(self, terminal: Terminal) -> None:
        """The loader chooses a slot, and the terminal is that of the slot."""
        self.store = terminal.settings.store
        self.restart_asked = self._confirmed = False
        slot = boot_record.choose(self.store)
        if slot:
            file = self.folder(slot).open(START, False)
            content = bytearray(32)
            terminal.settings.software_version = bytes(content[: file.readinto(content)])
            file.close()
        self.versions.append(terminal.settings.software_version.decode())
        pages.use("trial").begin(terminal, self.store, b"power_on", 0)
        terminal.board = self

    def look(self, terminal: Terminal) -> None:
        """A firmware that is ONLINE has proved itself."""
        if terminal.online and not self._confirmed:
            self._confirmed = pages.use("trial").confirm(terminal, self.store)

    def offers(self, action: int) -> bool:
        """It can restart."""
        return action == actions.RESET

    def act(self, action: int, value: object) -> bool:
        """See firmware.terminal.actions."""
        self.restart_asked = self.restart_asked or action == actions.RESET
        return action == actions.RESET

    def slots(self) -> UpgradeBoard:
        """Where upgrades go."""
        return self

    def image(self, slot: int, length: int) -> None:
        """See firmware.board.slots: this board has no partitions, its slots are folders."""

    def keyed_hash(self) -> hmac.HMAC:
        """A new hash with the key of this board."""
        return hmac.new(KEY, digestmod="sha256")

    def folder(self, slot: int) -> _Slot:
        """The files of a slot."""
        return _Slot(self.store.files, boot_record.FOLDERS[slot])
