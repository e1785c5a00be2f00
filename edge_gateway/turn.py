"""What every report costs in the loop, as few steps as it can be: taken in, and, after its commit, answered.

Portable forms, which are the truth, and their twins in C. They know sessions, connections and the journal
only by what they touch there; what is not exactly a read of plain reports goes the long way through
`connection`.
"""

from typing import TYPE_CHECKING, Any

from .journal.packed import first_serial_of

if TYPE_CHECKING:
    from .connection import Connection
    from .journal import Journal
    from .journal.group import Submission

# Of a submission: who waits, for which answers to how many reports, and when they were read (loop, ms).
Ticket = tuple["Connection", bytes, int, int]


def take_read_portable(  # noqa: PLR0917 - keywords cost, and this is called for every read
    connection: "Connection", data: bytes, now_ms: int, received_ms: int, journal: "Journal", release: Any
) -> int:
    """Takes a read that is whole plain position reports and nothing else: to the journal with it, `release`
    to be called after the commit. Gives how many reports; 0, and nothing is changed, when it is one for
    `Session.receive`."""
    session = connection.session
    intake = session.intake
    lane, origin, speaker = intake.lane, intake.origin, intake.speaker
    if (
        lane is None
        or origin is None
        or not session.between
        or intake.count
        or journal.submitted > journal.bound
    ):
        return 0
    at, count, packed, answers = lane.take(data, 0, speaker.serial)
    if not count or at != len(data):
        return 0
    speaker.serial = speaker.serial + count & 0xFFFF
    session.heard_ms = now_ms
    session.counters["frames_0200"] += count
    session.counters[intake.edition_key] += count
    first = first_serial_of(packed)
    if first == session.due_serial:
        session.due_serial = first + count & 0xFFFF
    else:
        session.saw(first, count)
    connection.held += count
    journal.submitted += count
    pending = journal.pending
    pending.append((origin, received_ms, packed, count, release, (connection, answers, count, now_ms)))
    if len(pending) == 1:
        journal.due()
    return count


def hand_out_portable(submissions: "list[Submission]", touched: "list[Connection]") -> list[tuple[int, int]]:
    """Gives each connection the answers whose reports are stored now; those that had none are added to
    `touched`. Gives, for the latency, when they were read and how many, run by run."""
    waited: list[tuple[int, int]] = []
    last_ms, answered = -1, 0
    for submission in submissions:
        connection, answers, count, since_ms = submission[5]
        connection.held -= count
        if connection.out:
            connection.out += answers
        else:
            connection.out = answers
            touched.append(connection)
        if since_ms != last_ms:
            if answered:
                waited.append((last_ms, answered))
            last_ms, answered = since_ms, 0
        answered += count
    if answered:
        waited.append((last_ms, answered))
    return waited


def write_out_portable(touched: "list[Connection]") -> None:
    """Sends what was handed out, one write for each connection."""
    for connection in touched:
        out, connection.out = connection.out, b""
        transport = connection.transport
        if out and transport is not None and not transport.is_closing():
            transport.write(out)
        if not connection.reading:
            connection.govern_reading()


# CPython may have twins in C. ImportError: they were not built, or DIANYUN_PURE is set.
try:
    from ._hotpath import hand_out, take_read, write_out
except ImportError:
    take_read, hand_out, write_out = take_read_portable, hand_out_portable, write_out_portable
