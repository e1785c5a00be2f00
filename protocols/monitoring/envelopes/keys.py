"""Keys of one side and what it knows of the other: who, for what, from when until when. Pure.

Each side has a pair to sign with and a pair to be sealed to. To rotate: make new pairs that seal from a later
day, bring the public halves to the other side before that day, and let the old ones open for some time after.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

from protocols.wire.errors import LocalProtocolError

from .suites import SUITES, Suite

SIGN: Final = "sign"
ENCRYPT: Final = "encrypt"
USES: Final = (SIGN, ENCRYPT)
KEYS_MAX: Final = 1000
ID_BYTES: Final = 8
FOREVER_MS: Final = 0
_WORKER: Final = re.compile(r"-w\d{1,3}$")  # a gateway of several processes: one name each, one ring for all


@dataclass(frozen=True, slots=True)
class Key:
    """owner: a gateway's id, or the authority's name. kind: "sm2" or "rsa". use: "sign" or "encrypt".

    from_ms: seals from then on. until_ms: opens and verifies until then; 0 for no end. public: x ‖ y of SM2
    (64 bytes), SubjectPublicKeyInfo of RSA (DER). private: d (32 bytes), PKCS#8 (DER), or empty.
    """

    owner: str
    kind: str
    use: str
    from_ms: int
    until_ms: int
    public: bytes
    private: bytes = field(default=b"", repr=False)

    @property
    def id(self) -> bytes:
        """The first 8 bytes of SHA-256 over the public key."""
        return sha256(self.public).digest()[:ID_BYTES]

    def is_good_at(self, now_ms: int) -> bool:
        """Whether it still opens or verifies."""
        return self.until_ms == FOREVER_MS or now_ms < self.until_ms


class KeyRing:
    """Keys by id. Raises LocalProtocolError: two keys of one id, too many, a use or kind that is none."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys = tuple(keys)
        self._by_id = {key.id: key for key in self.keys}
        if len(self._by_id) < len(self.keys) or len(self.keys) > KEYS_MAX:
            raise LocalProtocolError(f"{len(self.keys)} keys: one stands twice, or too many", field="keys")
        for key in self.keys:
            if key.use not in USES or key.kind not in {suite.kind for suite in SUITES.values()}:
                raise LocalProtocolError(f"no key for {key.use!r} of kind {key.kind!r}", field="keys")

    @property
    def owners(self) -> tuple[str, ...]:
        """Who has keys here."""
        return tuple(sorted({key.owner for key in self.keys}))

    def owner_of(self, name: str) -> str:
        """Whose keys stand for this name on the line: its own, or those of the gateway whose worker it is."""
        if name in self.owners:
            return name
        return _WORKER.sub("", name)

    def find(self, key_id: bytes, use: str, now_ms: int) -> Key | None:
        """The key of that id, None when it is unknown, for another use, or retired."""
        key = self._by_id.get(key_id)
        return key if key is not None and key.use == use and key.is_good_at(now_ms) else None

    def newest(self, owner: str, use: str, now_ms: int) -> Key:
        """The owner's key to seal with now. owner "": the only one. Raises LocalProtocolError."""
        if not owner:
            if len(self.owners) != 1:
                raise LocalProtocolError(f"keys of {len(self.owners)} owners: say whose", field="owner")
            owner = self.owners[0]
        owner = self.owner_of(owner)
        usable = [
            key
            for key in self.keys
            if (key.owner, key.use) == (owner, use) and key.from_ms <= now_ms and key.is_good_at(now_ms)
        ]
        if not usable:
            raise LocalProtocolError(f"{owner} has no key to {use} with now", field="keys")
        return max(usable, key=lambda key: key.from_ms)


def new_keys(suite: Suite, owner: str, from_ms: int) -> tuple[Key, Key]:
    """A pair to sign with and one to be sealed to, good from then on, from the system's randomness."""
    made = []
    for use in USES:
        private, public = suite.new_pair()
        made.append(Key(owner, suite.kind, use, from_ms, FOREVER_MS, public, private))
    return made[0], made[1]


def rotate(ring: KeyRing, suite: Suite, from_ms: int, until_ms: int) -> KeyRing:
    """New pairs that seal from `from_ms`; those that are here end at `until_ms`, if not earlier.

    Raises LocalProtocolError when the ring is not of one owner with private keys, or the ends leave a gap.
    """
    if len(ring.owners) != 1 or not all(key.private for key in ring.keys):
        raise LocalProtocolError("only the private ring of one owner can be rotated", field="keys")
    if until_ms <= from_ms:
        raise LocalProtocolError("the old keys end before the new ones seal", field="until")
    ended = [key if 0 < key.until_ms < until_ms else replace(key, until_ms=until_ms) for key in ring.keys]
    return KeyRing([*ended, *new_keys(suite, ring.owners[0], from_ms)])


def retire(ring: KeyRing, now_ms: int) -> KeyRing:
    """Without the keys that open no more."""
    return KeyRing(key for key in ring.keys if key.is_good_at(now_ms))


def public_ring(ring: KeyRing) -> KeyRing:
    """What the other side may have."""
    return KeyRing(replace(key, private=b"") for key in ring.keys)
