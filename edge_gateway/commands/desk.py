"""The command desk: which command goes to which terminal now, and what an answer means. Pure.

One command at a time is on the line of a terminal: many terminals mix up two. The next one goes once the one
before is acknowledged, even if an answer of its own is still to come. Commands of one terminal keep their
order. A lost link puts the command back at the head of the queue: it may arrive twice, never not at all.
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Final

from . import table
from .command import RESULTS, Command, CommandError, Now, own_answer
from .settings import CommandLimits, wait_ms

EDITION_UNKNOWN: Final = 0
STALE_MIN: Final = 1000  # entries of timers that belong to nobody any more, before they are thrown out


class Lane:
    """What waits for one terminal. `current` is on the line; `open` are acknowledged and wait for their own
    answer; edition: of the connection, EDITION_UNKNOWN while there is none."""

    __slots__ = ("current", "edition", "open", "waiting")

    def __init__(self) -> None:
        self.edition = EDITION_UNKNOWN
        self.current: Command | None = None
        self.waiting: deque[Command] = deque()
        self.open: list[Command] = []

    @property
    def busy(self) -> int:
        """Commands that are not done."""
        return len(self.waiting) + len(self.open) + (self.current is not None)


class Desk:
    """Tell it what happens; then take `to_send` and `changed`. Every method is quick and raises nothing
    that a terminal could cause."""

    def __init__(self, limits: CommandLimits) -> None:
        self.counters: Counter[str] = Counter()
        self._limits = limits
        self._lanes: dict[str, Lane] = {}
        self._commands: dict[int, Command] = {}  # those that are not done
        self._timers: list[tuple[int, int]] = []  # (wake_ms, number); stale entries are passed over
        self._expiries: list[tuple[int, int]] = []  # (not_after_ms, number)
        self._to_send: list[Command] = []
        self._changed: dict[int, Command] = {}

    def __len__(self) -> int:
        return len(self._commands)

    def limits_allow(self, terminal: str, coming: int = 0, coming_in_all: int = 0) -> None:
        """Raises CommandError when the terminal's queue, or all together, are full. coming: those that are on
        their way to the disk."""
        lane = self._lanes.get(terminal)
        if (lane.busy if lane else 0) + coming >= self._limits.per_terminal:
            raise CommandError(
                f"{self._limits.per_terminal} commands wait for this terminal already", "terminal", "full"
            )
        if len(self._commands) + coming_in_all >= self._limits.total:
            raise CommandError(f"{self._limits.total} commands wait already", kind="full")

    def submit(self, command: Command, now: Now) -> None:
        """Takes a command that is on the disk."""
        lane = self._lanes.setdefault(command.terminal, Lane())
        self._commands[command.number] = command
        self._note_expiry(command)
        self.counters["submitted"] += 1
        lane.waiting.append(command)
        self._work(lane, now)

    def restore(self, commands: Iterable[Command], now: Now) -> None:
        """After a start: all that was not done, by their numbers. What was sent is sent again."""
        for command in commands:
            lane = self._lanes.setdefault(command.terminal, Lane())
            self._commands[command.number] = command
            self._note_expiry(command)
            if command.state == table.SENT:
                self._go(command, table.LINK_LOST, now)
            if command.state == table.ACKNOWLEDGED:
                lane.open.append(command)
                self._wake(command, self._answer_wait_ms(command, now), now)
            else:
                lane.waiting.append(command)

    def find(self, number: int) -> Command | None:
        """The command, as long as it is not done."""
        return self._commands.get(number)

    def cancel(self, number: int, now: Now) -> None:
        """Takes a command back that is not on the line. Raises CommandError."""
        command = self._commands.get(number)
        if command is None:
            raise CommandError("is done already", "id", "conflict")
        if command.state != table.QUEUED or command.sending:
            raise CommandError(f"is {command.state} already and cannot be called back", "id", "conflict")
        self._lanes[command.terminal].waiting.remove(command)
        self._finish(command, table.CALLED_OFF, now)

    # What the sessions say.

    def online(self, terminal: str, edition: int, now: Now) -> None:
        """A connection speaks for this terminal from now on; one before it speaks no longer."""
        lane = self._lanes.setdefault(terminal, Lane())
        self._take_back(lane, now)
        lane.edition = edition
        self._work(lane, now)

    def offline(self, terminal: str, now: Now) -> None:
        """No connection speaks for this terminal."""
        lane = self._lanes.get(terminal)
        if lane is None:
            return
        lane.edition = EDITION_UNKNOWN
        self._take_back(lane, now)
        self._forget_if_idle(terminal, lane)

    def edition_seen(self, terminal: str, edition: int, now: Now) -> None:
        """Its connection speaks another edition than was thought: what follows is written in that."""
        del now
        lane = self._lanes.get(terminal)
        if lane is not None and lane.edition != EDITION_UNKNOWN:
            lane.edition = edition

    def is_online(self, terminal: str) -> bool:
        """Whether a connection speaks for the terminal."""
        lane = self._lanes.get(terminal)
        return lane is not None and lane.edition != EDITION_UNKNOWN

    def edition(self, terminal: str) -> int:
        """The edition of the terminal's connection; EDITION_UNKNOWN when there is none."""
        lane = self._lanes.get(terminal)
        return lane.edition if lane else EDITION_UNKNOWN

    def answered(self, terminal: str, message_id: int, serial: int, result: int, now: Now) -> None:
        """A 0x0001: to this message of ours, with this serial."""
        lane = self._lanes.get(terminal)
        command = _by_serial(lane, serial, lambda each: each.message_id == message_id) if lane else None
        if lane is None or command is None:
            self.counters["answers_unknown"] += 1
            return
        if result:
            command.result, command.error = result, RESULTS.get(result, f"result {result}")
            self._leave_line(lane, command)
            self._finish(command, table.TURNED_DOWN, now)
        elif command.state == table.SENT:
            command.accepted.add(serial)
            if len(command.accepted) == len(command.serials) or serial == command.serials[-1]:
                self._accept(lane, command, now)
            else:  # a piece of many: the line is alive
                self._wake(command, self._response_wait_ms(command), now)
        self._work(lane, now)

    def uplink(  # noqa: PLR0917 - as the listener's, and the time
        self, terminal: str, message_id: int, reply_serial: int | None, body: bytes, edition: int, now: Now
    ) -> None:
        """Another message of the terminal, which may be the answer of its own to a command. edition: by which
        it can be read; a terminal may answer in another one than it is spoken to.

        Without a reply serial (0x0702, 0x0801, 0x0108 …) it belongs to the oldest command that waits for one.
        """
        lane = self._lanes.get(terminal)
        if lane is None:
            return

        def fits(command: Command) -> bool:
            return command.answered_by == message_id

        if reply_serial is None:
            command = next((each for each in lane.open + _on_line(lane) if fits(each)), None)
        else:
            command = _by_serial(lane, reply_serial, fits)
        if command is None:
            return
        command.answer_id, command.answer, command.answer_edition = message_id, body, edition
        self._leave_line(lane, command)
        self._finish(command, table.ANSWER_CAME, now)
        self._work(lane, now)

    # What the line says.

    def was_sent(self, command: Command, serials: Iterable[int], now: Now) -> None:
        """The command is on the line, in sub-packages with these serials."""
        command.sending = False
        lane = self._lanes.get(command.terminal)
        if lane is None or lane.current is not command:  # the link went while it was handed over
            return
        again = command.sendings and tuple(serials) == command.serials
        command.serials = tuple(serials)
        command.accepted = command.accepted if again else set()
        command.sendings += 1
        command.attempts += 1
        self._go(command, table.ON_THE_LINE, now)
        self._wake(command, self._response_wait_ms(command), now)

    def could_not_send(self, command: Command, reason: str, now: Now, for_good: bool) -> None:
        """It did not get to the line: for good when it cannot be said to this terminal."""
        command.sending = False
        lane = self._lanes.get(command.terminal)
        if lane is None or lane.current is not command:
            return
        lane.current = None
        if for_good:
            command.error = reason
            self._finish(command, table.GAVE_UP, now)
            self._work(lane, now)
        else:  # the connection is going; `offline` or another `online` follows
            self._requeue(lane, command, now)
            lane.edition = EDITION_UNKNOWN

    def is_over(self, command: Command, now: Now) -> bool:
        """Ends a command that expired before it got to the line; gives whether it did."""
        if command.state != table.QUEUED or command.not_after_ms > now.utc_ms:
            return False
        lane = self._lanes[command.terminal]
        self._leave_line(lane, command)
        self._finish(command, table.TIME_OVER, now)
        self._work(lane, now)
        return True

    # What time says.

    def tick(self, now: Now) -> None:
        """Ends what expired, says again what was not answered."""
        while self._expiries and self._expiries[0][0] <= now.utc_ms:
            self._expire(self._commands.get(heapq.heappop(self._expiries)[1]), now)
        while self._timers and self._timers[0][0] <= now.ms:
            wake_ms, number = heapq.heappop(self._timers)
            command = self._commands.get(number)
            if command is not None and command.wake_ms == wake_ms:
                self._overdue(command, now)

    def to_send(self) -> list[Command]:
        """What is to be put on the line now; `was_sent` or `could_not_send` must follow for each. With
        `serials` and `sendings` it is said again with the same serials."""
        taken, self._to_send = self._to_send, []
        return taken

    def changed(self) -> list[Command]:
        """Commands that moved since this was last asked: to be written down."""
        taken, self._changed = self._changed, {}
        return list(taken.values())

    def _work(self, lane: Lane, now: Now) -> None:
        """Hands the next command over when the line is free."""
        while lane.current is None and lane.edition != EDITION_UNKNOWN and lane.waiting:
            command = lane.waiting.popleft()
            if command.not_after_ms <= now.utc_ms:
                self._finish(command, table.TIME_OVER, now)
                continue
            lane.current = command
            command.answered_by = own_answer(command.message_id, lane.edition, command.wants_upgrade_result)
            command.sending = True
            self._to_send.append(command)

    def _accept(self, lane: Lane, command: Command, now: Now) -> None:
        command.result = 0
        self._leave_line(lane, command)
        if command.answered_by is None:
            self._finish(command, table.ACCEPTED, now)
            return
        self._go(command, table.ACCEPTED, now)
        lane.open.append(command)
        self._wake(command, self._answer_wait_ms(command, now), now)

    def _overdue(self, command: Command, now: Now) -> None:
        lane = self._lanes[command.terminal]
        if command.state == table.ACKNOWLEDGED:
            command.error = f"acknowledged, but 0x{command.answered_by or 0:04X} did not come"
            self._leave_line(lane, command)
            self._finish(command, table.GAVE_UP, now)
        elif command.accepted == {command.serials[0]}:
            # One 0x0001 for all pieces is allowed, and some give it the serial of the first.
            self._accept(lane, command, now)
        elif command.not_after_ms <= now.utc_ms:
            self._leave_line(lane, command)
            self._finish(command, table.TIME_OVER, now)
        elif command.sendings > self._limits.retries:
            command.error = f"sent {command.sendings} times on one connection, no answer"
            self._leave_line(lane, command)
            self._finish(command, table.GAVE_UP, now)
        else:
            command.wake_ms, command.sending = 0, True
            self._to_send.append(command)
        self._work(lane, now)

    def _expire(self, command: Command | None, now: Now) -> None:
        """Its absolute end: what waits in the queue is over; what is on the line is not said again."""
        if command is not None and command.state == table.QUEUED and not command.sending:
            lane = self._lanes[command.terminal]
            lane.waiting.remove(command)
            self._finish(command, table.TIME_OVER, now)
            self._forget_if_idle(command.terminal, lane)

    def _take_back(self, lane: Lane, now: Now) -> None:
        """The link is lost with a command on it."""
        command, lane.current = lane.current, None
        if command is not None:
            self._requeue(lane, command, now)

    def _requeue(self, lane: Lane, command: Command, now: Now) -> None:
        command.wake_ms, command.sendings = 0, 0
        if command.state == table.SENT:
            self._go(command, table.LINK_LOST, now)
        command.sending = False
        if command.not_after_ms <= now.utc_ms:
            self._finish(command, table.TIME_OVER, now)
        else:
            lane.waiting.appendleft(command)

    def _leave_line(self, lane: Lane, command: Command) -> None:
        command.wake_ms, command.sending = 0, False
        if lane.current is command:
            lane.current = None
        elif command in lane.open:
            lane.open.remove(command)

    def _finish(self, command: Command, event: str, now: Now) -> None:
        self._go(command, event, now)
        del self._commands[command.number]
        self.counters[command.state] += 1
        self._forget_if_idle(command.terminal, self._lanes[command.terminal])

    def _go(self, command: Command, event: str, now: Now) -> None:
        command.go(event, now)
        self._changed[command.number] = command

    def _note_expiry(self, command: Command) -> None:
        """Entries of those that are done stay until their time or, when they are the most, until now."""
        if len(self._expiries) > STALE_MIN + 2 * len(self._commands):
            self._expiries = [(each.not_after_ms, each.number) for each in self._commands.values()]
            heapq.heapify(self._expiries)
        else:
            heapq.heappush(self._expiries, (command.not_after_ms, command.number))

    def _wake(self, command: Command, after_ms: int, now: Now) -> None:
        command.wake_ms = now.ms + after_ms
        if len(self._timers) > STALE_MIN + 2 * len(self._commands):
            waking = [each for each in self._commands.values() if each.wake_ms]
            self._timers = [(each.wake_ms, each.number) for each in waking]
            heapq.heapify(self._timers)
        else:
            heapq.heappush(self._timers, (command.wake_ms, command.number))

    def _response_wait_ms(self, command: Command) -> int:
        pieces = len(command.serials)
        return wait_ms(self._limits.response_ms, command.sendings) + (pieces - 1) * self._limits.piece_ms

    def _answer_wait_ms(self, command: Command, now: Now) -> int:
        if command.wants_upgrade_result:  # minutes to hours, and a restart of the terminal
            return max(self._limits.answer_ms, command.not_after_ms - now.utc_ms)
        return self._limits.answer_ms

    def _forget_if_idle(self, terminal: str, lane: Lane) -> None:
        if not lane.busy and lane.edition == EDITION_UNKNOWN and self._lanes.get(terminal) is lane:
            del self._lanes[terminal]


def _on_line(lane: Lane) -> list[Command]:
    return [lane.current] if lane.current and lane.current.state == table.SENT else []


def _by_serial(lane: Lane, serial: int, fits: Callable[[Command], bool]) -> Command | None:
    """What is on the line comes first: serials begin anew on each connection, older ones may be alike."""
    return next((each for each in _on_line(lane) + lane.open if serial in each.serials and fits(each)), None)
