"""Verifies a code without a network: trust list with key rotation, revocation list with an age.

`verify` never says yes to what it could not check; what is wrong is a state, not an exception.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final

from protocols.guomi import Guomi

from .codec import SIGNER_ID, Codec
from .content import KEY_ID_BYTES, CodeError, Colour, Content

CODE_ID_BYTES: Final = 8
CLOCK_SKEW_S: Final = 120  # a code that was issued a moment ago by a clock a little ahead is no forgery
LIST_AGE_MAX_S: Final = 24 * 3600


class State(Enum):
    """What verification found; the first that applies, from top to bottom."""

    NO_CODE = "no code"
    UNKNOWN_KEY = "unknown key"
    BAD_SIGNATURE = "bad signature"
    KEY_NOT_VALID = "key not valid when issued"
    NOT_YET_VALID = "not yet valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    STALE_LIST = "stale list"
    RED = "red"
    VALID = "valid"


@dataclass(frozen=True)
class IssuerKey:
    """public: x ‖ y, 64 bytes. from_s, until_s: codes issued in this time, both included, may bear it."""

    key_id: bytes
    public: bytes
    from_s: int
    until_s: int
    issuer: str = ""


@dataclass(frozen=True)
class Revocations:
    """Codes that ended early: ids as `code_id` gives them, and when the list was made."""

    issued_s: int
    codes: frozenset[bytes] = frozenset()
    age_max_s: int = LIST_AGE_MAX_S


@dataclass(frozen=True)
class Verdict:
    """state: see State. content: what the code says, also of one that is not accepted, None of no code."""

    state: State
    content: Content | None
    reason: str

    @property
    def accepted(self) -> bool:
        """Whether its holder may go."""
        return self.state is State.VALID


class Verifier:
    """keys: the trust list. revocations: None is as stale as can be: nothing is accepted without a list."""

    def __init__(
        self, guomi: Guomi, codec: Codec, keys: Iterable[IssuerKey], revocations: Revocations | None
    ) -> None:
        self._guomi = guomi
        self._codec = codec
        self._keys = {key.key_id: key for key in keys}
        self._revocations = revocations

    def verify(self, text: str, now_s: int) -> Verdict:
        """What is to be thought of this text at `now_s` (Unix time)."""
        try:
            content, signed, signature = self._codec.read(text)
        except CodeError as error:
            return Verdict(State.NO_CODE, None, str(error))
        state, reason = self._judge(text, content, signed, signature, now_s)
        return Verdict(state, content, reason)

    def _judge(
        self, text: str, content: Content, signed: bytes, signature: bytes, now_s: int
    ) -> tuple[State, str]:
        key = self._keys.get(content.key_id)
        if key is None:
            return State.UNKNOWN_KEY, f"key {content.key_id.hex()} is not on the trust list"
        if not self._guomi.sm2_verify(key.public, signed, signature, SIGNER_ID):
            return State.BAD_SIGNATURE, f"not signed by key {content.key_id.hex()}"
        if not key.from_s <= content.issued_s <= key.until_s:
            return State.KEY_NOT_VALID, f"key {content.key_id.hex()} did not sign at that time"
        return self._judge_time(text, content, now_s)

    def _judge_time(self, text: str, content: Content, now_s: int) -> tuple[State, str]:
        if content.issued_s > now_s + CLOCK_SKEW_S:
            return State.NOT_YET_VALID, f"issued {content.issued_s - now_s} s from now"
        if now_s >= content.valid_until_s:
            return State.EXPIRED, f"ended {now_s - content.valid_until_s} s ago"
        lists = self._revocations
        if lists and code_id(text) in lists.codes:
            return State.REVOKED, "withdrawn by its issuer"
        if lists is None or now_s - lists.issued_s > lists.age_max_s:
            age = "there is none" if lists is None else f"{now_s - lists.issued_s} s old"
            return State.STALE_LIST, f"revocation list: {age}"
        if content.colour is Colour.RED:
            return State.RED, "red when issued"
        return State.VALID, ""


def key_id_of(public: bytes) -> bytes:
    """The id of an issuer's key: the first 4 bytes of SHA-256 over x ‖ y."""
    return sha256(public).digest()[:KEY_ID_BYTES]


def code_id(text: str) -> bytes:
    """The id under which a code is revoked: 8 bytes of SHA-256 over its text."""
    return sha256(text.encode()).digest()[:CODE_ID_BYTES]
