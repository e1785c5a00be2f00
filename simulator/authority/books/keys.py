"""The issuer's keys and the secrets of the authority: a file of its own, readable by its user alone.

The trust list (public halves, each with the time in which it signed) is what verifiers get; a rotation closes
the newest key and opens another. Secrets: of identity hashes, which must never change, for holders are known
by it.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

from protocols.driver_code.trust import IssuerKey, key_id_of
from protocols.guomi import Guomi

FILE: Final = "keys.json"
FAR_S: Final = 2**40 - 1
KEYS_MAX: Final = 100
ISSUER: Final = "dianyun stand-in authority"


class KeyRing:
    """The keys of one folder; made when there are none. Raises ValueError for a damaged or exposed file."""

    def __init__(self, folder: Path, guomi: Guomi, now_s: int) -> None:
        self._path, self._guomi = folder / FILE, guomi
        if self._path.exists():
            if self._path.stat().st_mode & 0o077:
                raise ValueError(f"{self._path}: others may read it; chmod 600")
            try:
                self._body: dict[str, Any] = json.loads(self._path.read_text("ascii"))
                self._body["keys"][-1]["private"], self._body["identity_secret"]
            except (ValueError, LookupError, TypeError) as error:
                raise ValueError(f"{self._path}: damaged ({type(error).__name__})") from None
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._body = {"identity_secret": secrets.token_hex(32), "keys": []}
        self.rotate(now_s)

    @property
    def identity_secret(self) -> bytes:
        """The key of the identity hashes."""
        return bytes.fromhex(self._body["identity_secret"])

    @property
    def current(self) -> tuple[IssuerKey, bytes]:
        """(the key that signs now, its private half)."""
        return self.trusted()[-1], bytes.fromhex(self._body["keys"][-1]["private"])

    def trusted(self) -> list[IssuerKey]:
        """The trust list, the oldest first."""
        return [_key(body) for body in self._body["keys"]]

    def rotate(self, now_s: int) -> IssuerKey:
        """From now on another key signs; the last one is trusted for what it signed until now."""
        if len(self._body["keys"]) >= KEYS_MAX:
            raise ValueError(f"keys: at most {KEYS_MAX}")
        private, public = self._guomi.sm2_new_key()
        if self._body["keys"]:
            self._body["keys"][-1]["until_s"] = now_s
        self._body["keys"].append(
            {"private": private.hex(), "public": public.hex(), "from_s": now_s, "until_s": FAR_S}
        )
        self._write()
        return self.trusted()[-1]

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._body, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _key(body: dict[str, Any]) -> IssuerKey:
    public = bytes.fromhex(body["public"])
    return IssuerKey(key_id_of(public), public, body["from_s"], body["until_s"], ISSUER)
