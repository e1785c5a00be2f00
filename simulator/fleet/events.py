"""What a fleet did, for the ledger: each report and letter that became durable on its terminal, each
acknowledgement.

Kept in memory by terminal and, when asked for, written as JSON Lines while it happens. It observes only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from protocols.monitoring.records import MESSAGE, record_id
from protocols.wire.bcd import identity_of


@dataclass
class MessageLog:
    """One uplink message that is no position. times: how often the terminal made one of this very name.
    promised: a letter, which must arrive; answers to the platform are sent once, and may be lost.
    """

    message_id: int
    promised: bool
    times: int = 1
    acknowledged: bool = False


@dataclass
class TerminalLog:
    """What one terminal did. emitted: report sequence → body. acknowledged: sequences. reused: how often a
    sequence was given to another report, which then has no account of its own. messages: by record id.
    latest: record id of the latest message of each message id and serial.
    """

    phone: str
    emitted: dict[int, bytes] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    reused: int = 0
    messages: dict[bytes, MessageLog] = field(default_factory=dict)
    latest: dict[tuple[int, int], bytes] = field(default_factory=dict)

    @property
    def letters(self) -> list[MessageLog]:
        """The messages that must arrive."""
        return [message for message in self.messages.values() if message.promised]

    def record_ids(self) -> dict[bytes, int]:
        """Record id → sequence, as the authority names the same reports."""
        return {record_id(self.phone, body): sequence for sequence, body in self.emitted.items()}


class FleetLog:
    """The logs of all terminals by identity (phone without leading zeros)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.terminals: dict[str, TerminalLog] = {}
        self._stream = stream

    @property
    def emitted(self) -> int:
        """Reports and letters of all terminals."""
        return sum(
            len(log.emitted) + sum(letter.times for letter in log.letters) for log in self.terminals.values()
        )

    @property
    def acknowledged(self) -> int:
        """Acknowledged reports and letters of all terminals."""
        return sum(
            len(log.acknowledged) + sum(letter.times for letter in log.letters if letter.acknowledged)
            for log in self.terminals.values()
        )

    def terminal(self, phone: str) -> TerminalLog:
        """The log of this terminal, made when new."""
        return self.terminals.setdefault(identity_of(phone), TerminalLog(phone))

    def emit(self, phone: str, sequence: int, body: bytes) -> None:
        """A report is durable on its terminal; told again after a power cut, it counts once."""
        terminal = self.terminal(phone)
        if terminal.emitted.get(sequence) == body:
            return
        terminal.reused += sequence in terminal.emitted
        terminal.emitted[sequence] = body
        self._write({"event": "emitted", "phone": phone, "sequence": sequence, "body": body.hex()})

    def acknowledge(self, phone: str, sequence: int) -> None:
        """The gateway answered 0 to it. A sequence never emitted here counts too; the ledger will tell."""
        self.terminal(phone).acknowledged.add(sequence)
        self._write({"event": "acknowledged", "phone": phone, "sequence": sequence})

    def post(
        self,
        phone: str,
        message_id: int,
        serial: int,
        body: bytes,
        *,
        promised: bool = True,
        again: bool = False,
    ) -> None:
        """A letter is durable on its terminal, or (not promised) an answer was sent. again: it may have been
        told before, as after a power cut, and then counts once."""
        terminal = self.terminal(phone)
        name = record_id(phone, body, MESSAGE, serial, message_id)
        known = terminal.messages.get(name)
        if known is not None and again:
            return
        terminal.latest[message_id, serial] = name
        if known is None:
            terminal.messages[name] = MessageLog(message_id, promised)
        else:
            known.times += 1
        self._write(
            {"event": "posted", "phone": phone, "message_id": message_id, "serial": serial,
             "body": body.hex(), "promised": promised}
        )  # fmt: skip

    def deliver(self, phone: str, message_id: int, serial: int) -> None:
        """The gateway took that letter."""
        terminal = self.terminal(phone)
        name = terminal.latest.get((message_id, serial))
        if name is not None:
            terminal.messages[name].acknowledged = True
        self._write({"event": "delivered", "phone": phone, "message_id": message_id, "serial": serial})

    def _write(self, line: dict[str, object]) -> None:
        if self._stream is not None:
            self._stream.write(json.dumps(line) + "\n")


def read_fleet_log(path: Path) -> FleetLog:
    """A log written before. Raises ValueError naming file and line."""
    log = FleetLog()
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                _take(log, json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: not a fleet log line ({error!r})") from error
    return log


def _take(log: FleetLog, line: dict[str, object]) -> None:
    phone = str(line["phone"])
    if line["event"] == "emitted":
        log.emit(phone, int(str(line["sequence"])), bytes.fromhex(str(line["body"])))
    elif line["event"] == "acknowledged":
        log.acknowledge(phone, int(str(line["sequence"])))
    elif line["event"] == "posted":
        body, promised = bytes.fromhex(str(line["body"])), bool(line["promised"])
        log.post(phone, int(str(line["message_id"])), int(str(line["serial"])), body, promised=promised)
    elif line["event"] == "delivered":
        log.deliver(phone, int(str(line["message_id"])), int(str(line["serial"])))
    else:
        raise ValueError(f"unknown event {line['event']!r}")
