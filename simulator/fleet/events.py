"""What a fleet did, for the ledger: each report that became durable on its terminal, each acknowledgement.

Kept in memory by terminal and, when asked for, written as JSON Lines while it happens. It observes only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from protocols.monitoring.records import record_id
from protocols.wire.bcd import identity_of


@dataclass
class TerminalLog:
    """What one terminal did. emitted: report sequence → body. acknowledged: sequences. reused: how often a
    sequence was given to another report, which then has no account of its own.
    """

    phone: str
    emitted: dict[int, bytes] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    reused: int = 0

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
        """Reports of all terminals."""
        return sum(len(log.emitted) for log in self.terminals.values())

    @property
    def acknowledged(self) -> int:
        """Acknowledged reports of all terminals."""
        return sum(len(log.acknowledged) for log in self.terminals.values())

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
    phone, sequence = str(line["phone"]), int(str(line["sequence"]))
    if line["event"] == "emitted":
        log.emit(phone, sequence, bytes.fromhex(str(line["body"])))
    elif line["event"] == "acknowledged":
        log.acknowledge(phone, sequence)
    else:
        raise ValueError(f"unknown event {line['event']!r}")
