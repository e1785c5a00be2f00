"""Holds what was emitted against what was stored, report by report, and names what does not add up.

Pure arithmetic over observations of others. The sixth law: emitted = acknowledged + held; acknowledged =
journalled; journalled = delivered + queued; delivered = received once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from protocols.wire.bcd import identity_of
from protocols.wire.bodies import decode_body
from protocols.wire.header import EDITION_2013
from protocols.wire.tables import MSG_POSITION_REPORT


class EmittedMessage(NamedTuple):
    """An uplink message other than positions, as its terminal saw it. times: how often the terminal made a
    message of this very name (its serial came round), resends not counted. promised: it must arrive; an
    answer to the platform is sent once, and counts only when it is stored."""

    message_id: int
    acknowledged: bool = True
    times: int = 1
    promised: bool = True


@dataclass(frozen=True)
class Emitted:
    """What a terminal says: report sequence → record id and body; the acknowledged sequences; how often it
    gave a sequence to another report; and its other messages by record id.
    """

    identity: str
    reports: Mapping[int, tuple[bytes, bytes]]
    acknowledged: frozenset[int]
    reused: int = 0
    messages: Mapping[bytes, EmittedMessage] = field(default_factory=dict)


@dataclass(frozen=True)
class GatewayCounts:
    """What the gateway's database says: of one terminal, or of all. queued: journalled, not yet delivered."""

    journalled: int = 0
    delivered: int = 0
    queued: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Received:
    """What the authority says of one terminal. stored: record ids of positions, each once.

    duplicated: arrivals of a stored report under another journal sequence. redelivered: the same delivery
    again, harmless. messages: record id of each other message → journal entries under which it is stored.
    """

    stored: frozenset[bytes] = frozenset()
    duplicated: int = 0
    redelivered: int = 0
    messages: Mapping[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Missing:
    """A report that was emitted and never stored. time: of the device, YYMMDDhhmmss, Beijing time.

    For another message: its message_id and record id; sequence 0 and no time.
    """

    terminal: str
    sequence: int
    time: str
    acknowledged: bool
    message_id: int = MSG_POSITION_REPORT
    record_id: str = ""


@dataclass
class Account:
    """The account of one terminal, or of all.

    missing: the lost reports by name. phantom: stored reports that nobody emitted. repeated: reports of the
    same content as an earlier one of the same terminal, which it promises never to make. reused: sequences
    given to a second report, which hides what became of the first. redelivered: batches that came twice
    because a receipt was lost; harmless. messages: how many of the emitted are no positions; every other
    figure counts them with the reports.
    """

    name: str
    emitted: int = 0
    acknowledged: int = 0
    journalled: int = 0
    delivered: int = 0
    received: int = 0
    duplicated: int = 0
    redelivered: int = 0
    phantom: int = 0
    repeated: int = 0
    reused: int = 0
    messages: int = 0
    missing: list[Missing] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Reports emitted and not stored."""
        return len(self.missing)

    @property
    def held(self) -> int:
        """Reports that the terminal still holds, for want of an acknowledgement."""
        return self.emitted - self.acknowledged

    @property
    def clean(self) -> bool:
        """Whether every report arrived exactly once, and nothing else did."""
        return not (self.missing or self.duplicated or self.phantom or self.repeated or self.reused)

    @property
    def drained(self) -> bool:
        """Whether nothing is under way: acknowledged, delivered and received are all that was emitted."""
        figures = {self.emitted, self.acknowledged, self.journalled, self.delivered, self.received}
        return self.clean and len(figures) == 1

    def as_dict(self) -> dict[str, Any]:
        """The figures for JSON."""
        names = ("emitted", "acknowledged", "journalled", "delivered", "received", "lost", "duplicated")
        others = ("redelivered", "phantom", "repeated", "reused", "messages", "held")
        return {name: getattr(self, name) for name in (*names, *others)}


@dataclass
class Ledger:
    """Accounts by terminal identity, and their total."""

    accounts: dict[str, Account]
    total: Account
    queued: int
    rejected: int


def balance(
    emitted: Iterable[Emitted],
    gateway: GatewayCounts,
    gateway_by_terminal: Mapping[str, GatewayCounts],
    received: Mapping[str, Received],
) -> Ledger:
    """The ledger of a run. A terminal that only the gateway or the authority knows has an account too."""
    by_identity = {said.identity: said for said in emitted}
    identities = sorted({*by_identity, *gateway_by_terminal, *received})
    accounts = {
        identity: _account(
            by_identity.get(identity) or Emitted(identity, {}, frozenset()),
            gateway_by_terminal.get(identity, GatewayCounts()),
            received.get(identity, Received()),
        )
        for identity in identities
    }
    return Ledger(accounts, _total(accounts.values(), gateway), gateway.queued, gateway.rejected)


def gateway_counts(status: Mapping[str, Any]) -> tuple[GatewayCounts, dict[str, GatewayCounts]]:
    """The total and the terminals of what `edge-gateway status --json` printed."""
    terminals = {
        identity_of(phone): GatewayCounts(said["journalled"], said["delivered"])
        for phone, said in status["terminals"].items()
    }
    names = ("journalled", "delivered", "queued", "rejected")
    return GatewayCounts(*(int(status[name]) for name in names)), terminals


def _account(said: Emitted, gateway: GatewayCounts, received: Received) -> Account:
    ids = {record: sequence for sequence, (record, _) in said.reports.items()}
    lost = sorted(sequence for record, sequence in ids.items() if record not in received.stored)
    # Two journal entries of one report are a duplicate even when the second never reached the authority.
    owed = _owed(said.messages, received.messages)
    messages = _held_together(owed, received.messages)
    known = len(received.stored | ids.keys()) + messages.known
    twice_journalled = max(0, gateway.journalled - known)
    return Account(
        name=said.identity,
        emitted=len(said.reports) + messages.emitted,
        acknowledged=len(said.acknowledged & said.reports.keys()) + messages.acknowledged,
        journalled=gateway.journalled,
        delivered=gateway.delivered,
        received=len(received.stored) + messages.received,
        duplicated=max(received.duplicated + messages.duplicated, twice_journalled),
        redelivered=received.redelivered,
        repeated=len(said.reports) - len(ids),
        reused=said.reused,
        phantom=len(received.stored - ids.keys()) + messages.phantom,
        messages=messages.emitted,
        missing=[_missing(said, sequence) for sequence in lost]
        + _missing_messages(said.identity, owed, received),
    )


def _owed(
    emitted: Mapping[bytes, EmittedMessage], stored: Mapping[bytes, int]
) -> dict[bytes, EmittedMessage]:
    """What is to be accounted for: every promised message, and the others as far as they arrived."""
    owed = {}
    for name, said in emitted.items():
        if said.promised:
            owed[name] = said
        elif stored.get(name):
            owed[name] = said._replace(acknowledged=True, times=min(said.times, stored[name]))
    return owed


class _Messages(NamedTuple):
    """received: entries that answer an emitted message or a phantom, each once. known: entries that may be in
    the journal without being a duplicate."""

    emitted: int
    acknowledged: int
    received: int
    duplicated: int
    phantom: int
    known: int


def _held_together(emitted: Mapping[bytes, EmittedMessage], stored: Mapping[bytes, int]) -> _Messages:
    times = {name: said.times for name, said in emitted.items()}
    received = sum(min(entries, times.get(name, 1)) for name, entries in stored.items())
    return _Messages(
        sum(times.values()),
        sum(said.times for said in emitted.values() if said.acknowledged),
        received,
        sum(stored.values()) - received,
        sum(name not in emitted for name in stored),
        sum(times.get(name, 1) for name in emitted.keys() | stored.keys()),
    )


def _missing_messages(
    identity: str, owed: Mapping[bytes, EmittedMessage], received: Received
) -> list[Missing]:
    return [
        Missing(identity, 0, "", message.acknowledged, message.message_id, name.hex())
        for name, message in owed.items()
        for _ in range(message.times - received.messages.get(name, 0))
    ]


def _missing(said: Emitted, sequence: int) -> Missing:
    body = said.reports[sequence][1]
    time = decode_body(MSG_POSITION_REPORT, EDITION_2013, body)["time_bcd"].hex()
    return Missing(said.identity, sequence, time, sequence in said.acknowledged)


def _total(accounts: Iterable[Account], gateway: GatewayCounts) -> Account:
    total = Account("total", journalled=gateway.journalled, delivered=gateway.delivered)
    for account in accounts:
        for name in (
            "emitted",
            "acknowledged",
            "received",
            "duplicated",
            "redelivered",
            "phantom",
            "repeated",
            "reused",
            "messages",
        ):
            setattr(total, name, getattr(total, name) + getattr(account, name))
        total.missing += account.missing
    return total
