"""Whom a report comes from, with what naming its reports costs prepared once."""

from protocols.monitoring.records import record_hasher
from protocols.wire.bcd import identity_of

from .packing import ID_BYTES, pack_terminal


class Origin:
    """One terminal on one connection: phone digits as on the wire, edition, identity. Immutable.

    version: the version byte of its header, 0 before 2019. packed: how a group's contents name it.
    """

    __slots__ = ("_hasher", "edition", "identity", "packed", "phone", "version")

    def __init__(self, phone: str, edition: int, version: int = 0) -> None:
        self.phone = phone
        self.edition = edition
        self.version = version
        self.identity: str = identity_of(phone)
        self.packed = pack_terminal(phone, edition, version)
        self._hasher = record_hasher(phone)

    def id_prefix(self, body: bytes) -> bytes:
        """The first ID_BYTES bytes of the record id of this terminal's report."""
        hasher = self._hasher.copy()
        hasher.update(body)
        return hasher.digest()[:ID_BYTES]
