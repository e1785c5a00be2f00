"""Tokens of the API: a name, scopes, a random secret of which only a digest is kept.

A token reads `dye_NAME_SECRET`: the name finds the row, the secret is compared in constant time.
"""

import hashlib
import hmac
import re
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .commands.schema import connect

SCOPES: Final = {
    "commands:read": "commands and roll-outs, and what terminals answered",
    "commands:write": "send and cancel commands, upload files, start and stop roll-outs",
    "registry:read": "terminals, vehicles, drivers, groups, last positions",
    "registry:write": "change them, approve and block terminals, issue and revoke codes",
    "media:read": "pictures, sound and films that terminals sent",
    "freight:read": "verify capacity and codes; waybills, documents, hours, evidence",
    "freight:write": "dispatch, override, hand in and correct documents",
    "stats:read": "figures, audit lines",
}
SECRET_BYTES: Final = 32
TOKENS_MAX: Final = 1000
TAKEN: Final = ("gateway", "mqtt", "freight")  # who stand in audit lines for themselves
_PREFIX: Final = "dye_"
_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")


class TokenError(Exception):
    """A token cannot be made; the message says why."""


@dataclass(frozen=True)
class Principal:
    """Who asks: the token's name, and what it may."""

    name: str
    scopes: frozenset[str]


class Tokens:
    """Reads the file at each question, so that what the command line does is in force at once."""

    def __init__(self, path: Path) -> None:
        """Opens the commands' file. Raises StoreError."""
        self._connection = connect(path)

    def create(self, name: str, scopes: list[str], life_days: float | None = None) -> str:
        """Makes a token and gives it, this once. Raises TokenError."""
        if not _NAME.fullmatch(name):
            raise TokenError(f"{name!r}: a name is 1 to 40 of a-z 0-9 -")
        if name in TAKEN:
            raise TokenError(f"{name!r} stands in audit lines for the gateway's own; take another name")
        for scope in scopes:
            if scope not in SCOPES:
                raise TokenError(f"{scope!r} is no scope; known: {', '.join(SCOPES)}")
        if not scopes:
            raise TokenError(f"a token without a scope may nothing; known: {', '.join(SCOPES)}")
        now_ms = _now_ms()
        end_ms = now_ms + int(life_days * 86_400_000) if life_days else None
        if self._connection.execute("SELECT count(*) FROM token").fetchone()[0] >= TOKENS_MAX:
            raise TokenError(f"there are {TOKENS_MAX} tokens already")
        secret = secrets.token_urlsafe(SECRET_BYTES)
        values = (name, _digest(secret), " ".join(sorted(set(scopes))), now_ms, end_ms)
        try:
            self._connection.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, NULL)", values)
        except sqlite3.IntegrityError as error:
            raise TokenError(f"there is a token {name!r} already; names are not used again") from error
        return f"{_PREFIX}{name}_{secret}"

    def revoke(self, name: str) -> bool:
        """Ends a token; gives whether there was one. Its name stays taken, for audit lines name it."""
        changed = self._connection.execute(
            "UPDATE token SET revoked_ms = ? WHERE name = ? AND revoked_ms IS NULL", (_now_ms(), name)
        )
        return changed.rowcount > 0

    def listed(self) -> list[tuple[str, str, int, int | None, int | None]]:
        """(name, scopes, made, ends, revoked) of every token; times in UTC milliseconds."""
        return self._connection.execute(
            "SELECT name, scopes, created_ms, not_after_ms, revoked_ms FROM token ORDER BY name"
        ).fetchall()

    def principal(self, token: str) -> Principal | None:
        """Whose token this is; None for a wrong, ended or revoked one."""
        name, _, secret = token.removeprefix(_PREFIX).partition("_")
        row = self._connection.execute(
            "SELECT digest, scopes, not_after_ms, revoked_ms FROM token WHERE name = ?", (name,)
        ).fetchone()
        digest, scopes, not_after_ms, revoked_ms = row or (bytes(32), "", None, 1)
        right = hmac.compare_digest(digest, _digest(secret))  # also for a name that is not there
        ended = revoked_ms is not None or (not_after_ms is not None and not_after_ms < _now_ms())
        return Principal(name, frozenset(scopes.split())) if right and not ended else None

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def _digest(secret: str) -> bytes:
    """SHA-256 is enough for 256 random bits; slow hashes are for passwords that people choose."""
    return hashlib.sha256(secret.encode()).digest()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
