"""Whom a report comes from, with what naming its reports costs prepared once."""

from sys import intern

from protocols.wire.bcd import identity_of

from .packing import pack_terminal


class Origin:
    """One terminal on one connection: phone digits as on the wire, edition, identity. Immutable.

    version: the byte of its header, 0 before 2019. packed: how a group's contents name it. named: what
    the names of its reports begin with (see `rows`).
    """

    __slots__ = ("edition", "identity", "named", "packed", "phone", "version")

    def __init__(self, phone: str, edition: int, version: int = 0) -> None:
        self.phone = phone
        self.edition = edition
        self.version = version
        self.identity: str = intern(identity_of(phone))
        self.named = self.identity.encode("ascii") + b"\0"
        self.packed = pack_terminal(phone, edition, version)
