"""Seals and opens under one suite. The content key lives for a session: wrapped once, sent with each message.

So every message can be opened by itself, and yet the two slow steps are done once an hour by each side. The
nonce is the message's number, which a session never repeats; a restart begins another session.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from protocols.wire.errors import LocalProtocolError

from .errors import CONTENT_FAILED, KEY_FAILED, MALFORMED, EnvelopeError
from .header import SESSION_BYTES, Head, Parts, context, parse
from .keys import ENCRYPT, SIGN, Key, KeyRing
from .plain import Opened
from .seen import Mark, SeenMessages
from .suites import Suite, fresh_content_key

SESSION_MS: Final = 3_600_000
SESSION_MESSAGES: Final = 1 << 20  # far below what GCM allows one key
MAX_AGE_MS: Final = 3_600_000
SKEW_MS: Final = 300_000  # how far the sender's clock may be ahead
UNWRAPPED_MAX: Final = 256  # content keys remembered while opening
TIDY_MS: Final = 60_000
NONCE_BYTES: Final = 12


class _Session:
    """What one receiver's messages are sealed with for a while."""

    def __init__(self, suite: Suite, signing: Key, receiving: Key, now_ms: int) -> None:
        self.signing, self.receiving = signing, receiving
        self.id = secrets.token_bytes(SESSION_BYTES)
        self.began_ms = now_ms
        self.content_key = fresh_content_key(suite)
        self.wrapped = suite.wrap(receiving.public, self.content_key)
        self.signature_bytes = suite.signature_bytes(signing.private)
        self.number = 0

    def serves(self, signing: Key, receiving: Key, now_ms: int) -> bool:
        """Whether the next message may still be sealed with it."""
        return (
            (self.signing, self.receiving) == (signing, receiving)
            and self.number < SESSION_MESSAGES
            and 0 <= now_ms - self.began_ms < SESSION_MS
        )


class GuardedEnvelope:
    """own: one owner's private keys; peers: the public keys of those it talks to.

    seen: memory of what was taken, a fresh one if none is given. max_age_ms: how old a message may be that is
    opened. new_session: for known answers only. Threads may share one.
    """

    def __init__(
        self,
        profile: str,
        suite: Suite,
        own: KeyRing,
        peers: KeyRing,
        *,
        seen: SeenMessages | None = None,
        max_age_ms: int = MAX_AGE_MS,
        new_session: Callable[[Suite, Key, Key, int], _Session] = _Session,
    ) -> None:
        if len(own.owners) != 1 or not all(key.private for key in own.keys):
            raise LocalProtocolError("our own ring has one owner, and his private keys", field="keys")
        for key in (*own.keys, *peers.keys):
            if key.kind != suite.kind:
                raise LocalProtocolError(f"profile {profile!r} has no use for a {key.kind} key", field="keys")
            suite.check(key.public, key.private)
        self.profile = profile
        self._suite, self._own, self._peers = suite, own, peers
        self._seen = seen if seen is not None else SeenMessages()
        self._max_age_ms = max_age_ms
        self._new_session = new_session
        self._sealing: dict[str, _Session] = {}  # by receiver; the ring bounds them
        self._tidied_ms = 0
        self._lock = threading.Lock()
        self._unwrapped: OrderedDict[tuple[bytes, bytes], bytes] = OrderedDict()

    def seal(self, payload: bytes, topic: str, now_ms: int, to: str = "") -> bytes:
        """A new envelope each time, also for the same payload. Raises LocalProtocolError: no key for it."""
        with self._lock:  # two messages of one number would share a nonce
            session = self._session(to, now_ms)
            session.number += 1
            head = Head(
                self._suite.number,
                session.signing.id,
                session.receiving.id,
                session.id,
                session.began_ms,
                now_ms,
                session.number,
                len(session.wrapped),
                session.signature_bytes,
            )
        return self._sealed(session, head, topic, payload)

    def _sealed(self, session: _Session, fields: Head, topic: str, payload: bytes) -> bytes:
        head = fields.encode()
        covered = context(head, session.wrapped, topic)
        sealed = self._suite.seal(session.content_key, _nonce(fields.number), payload, covered)
        signature = self._suite.sign(session.signing.private, covered + sealed)
        return b"".join((head, session.wrapped, sealed, signature))

    def begin(self, data: bytes, topic: str, now_ms: int, *, sender: str = "", fresh: bool = True) -> Opened:
        """The content, not yet counted as taken: see `plain.Envelope.begin`. Raises EnvelopeError."""
        parts = parse(data)
        head = parts.head
        if head.profile != self._suite.number:
            raise EnvelopeError(MALFORMED, f"profile {head.profile}, not {self.profile}", "profile")
        receiving = self._own.find(head.receiver, ENCRYPT, now_ms)
        if receiving is None:
            raise EnvelopeError(KEY_FAILED, "sealed to a key that is not ours, or not any more", "receiver")
        signing = self._signer(head.sender, sender, now_ms)
        covered = context(data[: len(data) - len(parts.sealed) - head.signature_bytes], b"", topic)
        if not self._suite.verify(signing.public, covered + parts.sealed, parts.signature):
            raise EnvelopeError(CONTENT_FAILED, "the signature does not fit", "signature")
        with self._lock:
            if fresh:
                self._check_time(head, now_ms)
                self._seen.check(Mark(head.sender, head.session, head.session_ms, head.number))
            payload = self._open(receiving, parts, covered)
        return Opened(payload, signing.owner, head.session, head.session_ms, head.number, head.sender)

    def accept(self, opened: Opened) -> None:
        """The message is taken: it opens no more."""
        with self._lock:
            self._seen.add(Mark(opened.key, opened.session, opened.session_ms, opened.number))

    def open(self, data: bytes, topic: str, now_ms: int, *, sender: str = "", fresh: bool = True) -> bytes:
        """`begin` and, where it matters, `accept`."""
        opened = self.begin(data, topic, now_ms, sender=sender, fresh=fresh)
        if fresh:
            self.accept(opened)
        return opened.payload

    def _session(self, to: str, now_ms: int) -> _Session:
        signing = self._own.newest("", SIGN, now_ms)
        receiving = self._peers.newest(to, ENCRYPT, now_ms)
        session = self._sealing.get(receiving.owner)
        if session is None or not session.serves(signing, receiving, now_ms):
            session = self._new_session(self._suite, signing, receiving, now_ms)
            self._sealing[receiving.owner] = session
        return session

    def _signer(self, key_id: bytes, sender: str, now_ms: int) -> Key:
        signing = self._peers.find(key_id, SIGN, now_ms)
        if signing is None:
            raise EnvelopeError(KEY_FAILED, "signed with a key that is not known, or not any more", "sender")
        if sender and signing.owner != self._peers.owner_of(sender):
            raise EnvelopeError(MALFORMED, f"is of {signing.owner}, not of {sender}", "sender")
        return signing

    def _check_time(self, head: Head, now_ms: int) -> None:
        if not 0 <= head.issued_ms - head.session_ms <= SESSION_MS:
            raise EnvelopeError(MALFORMED, "issued outside its session", "issued_ms")
        age_ms = now_ms - head.issued_ms
        if not -SKEW_MS <= age_ms <= self._max_age_ms:
            raise EnvelopeError(MALFORMED, f"issued {age_ms} ms ago by our clock", "issued_ms")
        if abs(now_ms - self._tidied_ms) > TIDY_MS:
            self._seen.forget_before(now_ms - self._max_age_ms - SESSION_MS)
            self._tidied_ms = now_ms

    def _open(self, receiving: Key, parts: Parts, covered: bytes) -> bytes:
        name = (receiving.id, parts.wrapped)
        content_key = self._unwrapped.get(name) or self._suite.unwrap(receiving.private, parts.wrapped)
        if content_key is None or len(content_key) != self._suite.content_key_bytes:
            raise EnvelopeError(KEY_FAILED, "the content key cannot be unwrapped", "wrapped")
        self._unwrapped[name] = content_key
        self._unwrapped.move_to_end(name)
        if len(self._unwrapped) > UNWRAPPED_MAX:
            self._unwrapped.popitem(last=False)
        payload = self._suite.open(content_key, _nonce(parts.head.number), parts.sealed, covered)
        if payload is None:
            raise EnvelopeError(CONTENT_FAILED, "the content does not fit its tag", "content")
        return payload


def _nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")
