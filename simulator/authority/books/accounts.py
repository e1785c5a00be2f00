"""Accounts of the authority's API: three kinds, scopes, a secret that is shown once, tokens that expire.

The secret is kept as scrypt of a salt and it; a token, 256 random bits, as its SHA-256. What a kind of
account may do at most is a table; an account may be given less, a login may ask for less still. The scopes
are OURS; the three kinds are the scheme's.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .book import Book, BookError


class AccountKind(StrEnum):
    """Who has an account."""

    COMPANY = "company"  # 物流企业
    DRIVER = "driver"  # 普货司机
    PLATFORM = "platform"  # 互联网平台, and the authority's own desks


ISSUE: Final = "codes:issue"
OWN: Final = "codes:own"
VERIFY: Final = "codes:verify"
READ: Final = "registers:read"
WRITE: Final = "registers:write"
VIOLATIONS: Final = "violations:write"
ROADSIDE: Final = "roadside:read"
CONSENTS: Final = "consents:write"
PERSONS: Final = "persons:write"
SCOPES: Final = {
    AccountKind.COMPANY: frozenset({ISSUE, READ, CONSENTS}),
    AccountKind.DRIVER: frozenset({ISSUE, OWN, CONSENTS, PERSONS}),
    AccountKind.PLATFORM: frozenset({VERIFY, READ, WRITE, VIOLATIONS, ROADSIDE, PERSONS}),
}
TOKEN_LIFE_S: Final = 2 * 3600  # as public clients tell of the province's
TOKENS_MAX: Final = 20  # of one account; the oldest goes first
ACCOUNTS_MAX: Final = 100_000
SECRET_BYTES: Final = 24
TRIES_MAX: Final = 10  # wrong secrets of one account within TRIES_S; then nobody gets in by it for as long
TRIES_S: Final = 60
_TRIED_MAX: Final = 10_000  # accounts whose wrong tries are remembered
_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")
_COST: Final = {"n": 2**14, "r": 8, "p": 1}  # 16 MiB and some 50 ms for each try


@dataclass(frozen=True)
class Caller:
    """Who asks. owner: identity number or company code that the account acts for; empty for a platform."""

    account: str
    kind: AccountKind
    scopes: frozenset[str]
    owner: str = ""


class Accounts:
    """Of one book."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._tries: dict[str, list[int]] = {}

    def add(self, name: str, kind: AccountKind, scopes: Iterable[str] = (), owner: str = "") -> str:
        """Makes an account and gives its secret, this once. scopes: all of its kind when empty.

        Raises BookError: a name that is taken or none, a scope that its kind cannot have, no owner.
        """
        wanted = frozenset(scopes) or SCOPES[kind]
        if not _NAME.fullmatch(name):
            raise BookError("account: a name is 1 to 40 of a-z 0-9 -")
        for scope in sorted(wanted - SCOPES[kind]):
            known = ", ".join(sorted(SCOPES[kind]))
            raise BookError(f"scope: {scope!r} is not for a {kind.value} account; it may have {known}")
        if kind is not AccountKind.PLATFORM and not owner:
            raise BookError(f"owner: a {kind.value} account acts for somebody")
        secret, salt = secrets.token_urlsafe(SECRET_BYTES), secrets.token_bytes(16)
        values = (name, kind.value, " ".join(sorted(wanted)), owner, salt, _hashed(secret, salt))
        with self._book.writing() as database:
            if database.execute("SELECT count(*) FROM account").fetchone()[0] >= ACCOUNTS_MAX:
                raise BookError(f"account: there are {ACCOUNTS_MAX} already")
            try:
                database.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, 0)", values)
            except sqlite3.IntegrityError:
                raise BookError(f"account: {name!r} is taken") from None
        return secret

    def end(self, name: str) -> bool:
        """Closes an account and its tokens. Its name stays taken, for the audit names it."""
        with self._book.writing() as database:
            database.execute("DELETE FROM token WHERE account = ?", (name,))
            changed = database.execute("UPDATE account SET ended = 1 WHERE name = ? AND NOT ended", (name,))
            return changed.rowcount > 0

    def listed(self) -> list[tuple[str, str, str, str, bool]]:
        """(name, kind, scopes, owner, ended) of every account."""
        rows = self._book.rows("SELECT name, kind, scopes, owner, ended FROM account ORDER BY name")
        return [(name, kind, scopes, owner, bool(ended)) for name, kind, scopes, owner, ended in rows]

    def login(self, name: str, secret: str, now_s: int, scopes: Iterable[str] = ()) -> str | None:
        """A token, or None: wrong name or secret, too many tries, or a scope that the account has not."""
        if self._tried_too_often(name, now_s):
            return None
        rows = self._book.rows("SELECT scopes, salt, secret, ended FROM account WHERE name = ?", (name,))
        granted, salt, kept, ended = rows[0] if rows else ("", bytes(16), bytes(64), 1)
        right = hmac.compare_digest(_hashed(secret, salt), kept)  # as long for a name that is not there
        if not right or ended:
            self._note_try(name, now_s)
            return None
        self._tries.pop(name, None)
        wanted = frozenset(scopes) or frozenset(granted.split())
        return self._token(name, wanted, now_s) if wanted <= frozenset(granted.split()) else None

    def refresh(self, token: str, now_s: int) -> str | None:
        """A new token for one that still holds, which ends by it; None for any other."""
        with self._book.writing() as database:
            caller = self.caller(token, now_s)
            if caller is None:
                return None
            database.execute("DELETE FROM token WHERE digest = ?", (_digest(token),))
            return self._token(caller.account, caller.scopes, now_s)

    def caller(self, token: str, now_s: int) -> Caller | None:
        """Whose token this is; None for an unknown or ended one."""
        rows = self._book.rows(
            "SELECT name, kind, token.scopes, owner FROM token JOIN account ON account = name"
            " WHERE digest = ? AND until_s > ? AND NOT ended",
            (_digest(token), now_s),
        )
        if not rows:
            return None
        name, kind, scopes, owner = rows[0]
        return Caller(name, AccountKind(kind), frozenset(scopes.split()), owner)

    def _token(self, name: str, scopes: frozenset[str], now_s: int) -> str:
        token = secrets.token_urlsafe(32)
        values = (_digest(token), name, " ".join(sorted(scopes)), now_s + TOKEN_LIFE_S)
        with self._book.writing() as database:
            database.execute("DELETE FROM token WHERE until_s <= ?", (now_s,))
            database.execute(
                "DELETE FROM token WHERE account = ?1 AND digest NOT IN (SELECT digest FROM token"
                " WHERE account = ?1 ORDER BY until_s DESC LIMIT ?2)",
                (name, TOKENS_MAX - 1),
            )
            database.execute("INSERT INTO token VALUES (?, ?, ?, ?)", values)
        return token

    def _tried_too_often(self, name: str, now_s: int) -> bool:
        tries = [at_s for at_s in self._tries.get(name, ()) if at_s > now_s - TRIES_S]
        return len(tries) >= TRIES_MAX

    def _note_try(self, name: str, now_s: int) -> None:
        if len(self._tries) >= _TRIED_MAX and name not in self._tries:
            self._tries.pop(next(iter(self._tries)))
        self._tries[name] = [*self._tries.get(name, ())[-TRIES_MAX + 1 :], now_s]


def _hashed(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, dklen=64, **_COST)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
