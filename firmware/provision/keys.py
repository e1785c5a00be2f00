"""Hands the keys of a board that was just written over to the gateway: into the files that `[freight]` names.

Both are secrets: the files are for their owner alone. What stands in them for other terminals stays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from protocols.driver_code.lists import ListError, read_presence, read_seals, write_presence, write_seals

from .truck import TruckError

Name = TypeVar("Name")


def hand_over(board: bytes, seals: Path | None, presence: Path | None) -> None:
    """board: what was written, as `truck.board_file` made it. seals: keys by phone, `freight.seal_file`; with
    them codes are sealed. presence: keys by number, `freight.presence_file`; with them scans are judged.

    A board that is written anew replaces its keys. Raises TruckError for a board without a key or number, and
    for a file that is none; OSError.
    """
    values = json.loads(board)
    if "presence_key" not in values:
        raise TruckError("keys.presence: there is no key to hand over")
    key = bytes.fromhex(values["presence_key"])
    if presence is not None:
        number = values["presence_key_number"]
        known = _known(presence, read_presence)
        if not number:
            raise TruckError("keys.presence_number: from 1, each terminal its own")
        _write(presence, write_presence({**known, number: key}))
    if seals is not None:
        phone = str(values["phone"])
        _write(seals, write_seals({**_known(seals, read_seals), phone: key}))


def _known(path: Path, read: Callable[[bytes], dict[Name, bytes]]) -> dict[Name, bytes]:
    if not path.exists():
        return {}
    try:
        return read(path.read_bytes())
    except ListError as error:
        raise TruckError(f"{path}: {error}") from None


def _write(path: Path, data: bytes) -> None:
    """Anew, in one step."""
    aside = path.with_name(path.name + ".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
