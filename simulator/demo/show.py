"""What the demo shows while it runs: one screen on a terminal, a line every few seconds when piped.

Draws snapshots that it is given and asks nobody for anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

PLAIN_EVERY_S: Final = 5.0
STARTING: Final = "starting"
_NUMBERS: Final = ("emitted", "acknowledged", "journalled", "delivered", "received")


@dataclass
class Snapshot:
    """The demo at one moment. parts: process → whether it runs. desks: name → state and counts."""

    elapsed_s: float = 0.0
    seconds: float = 60.0
    phase: str = STARTING
    seed: int = 0
    trucks: int = 0
    online: int = 0
    in_tunnel: int = 0
    emitted: int = 0
    acknowledged: int = 0
    journalled: int = 0
    delivered: int = 0
    received: int = 0
    parts: dict[str, bool] = field(default_factory=dict)
    desks: dict[str, tuple[str, int, int]] = field(default_factory=dict)

    @property
    def under_way(self) -> int:
        """Emitted and not yet received."""
        return max(0, self.emitted - self.received)


class Show(Protocol):
    """What the demo tells; a context manager around the run."""

    def __enter__(self) -> Show:
        """Begins."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends; leaves the screen as it was."""

    def update(self, now: Snapshot) -> None:
        """The state changed; called a few times a second."""

    def event(self, at_s: float, text: str) -> None:
        """Something worth a line happened."""


class Silent:
    """For `--json`: nothing but the result."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to put back."""

    def update(self, now: Snapshot) -> None:
        """Not shown."""

    def event(self, at_s: float, text: str) -> None:
        """Not shown."""


class Plain:
    """A line when something happens, and one every PLAIN_EVERY_S."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_s = -PLAIN_EVERY_S

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to put back."""

    def update(self, now: Snapshot) -> None:
        """Prints when the last line is old enough."""
        if 0 <= now.elapsed_s - self._last_s < PLAIN_EVERY_S:  # the clock begins anew with the driving
            return
        self._last_s = now.elapsed_s
        desks = " ".join(f"{name}:{state}" for name, (state, _, _) in now.desks.items())
        down = [name for name, runs in now.parts.items() if not runs and now.phase != STARTING]
        self._print(
            f"{now.elapsed_s:5.1f} s  {now.phase:<9} online {now.online}/{now.trucks}"
            f"  tunnel {now.in_tunnel}  emitted {now.emitted}  acknowledged {now.acknowledged}"
            f"  delivered {now.delivered}  received {now.received}  {desks}"
            + (f"  DOWN: {', '.join(down)}" if down else "")
        )

    def event(self, at_s: float, text: str) -> None:
        """Prints at once."""
        self._print(f"{at_s:5.1f} s  * {text}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Screen:
    """A panel drawn anew a few times a second, and left standing; above it, line by line, what happened."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._now = Snapshot()
        self._live = Live(self._draw(), console=console, refresh_per_second=4)

    def __enter__(self) -> Screen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def update(self, now: Snapshot) -> None:
        """Draws this from now on."""
        self._now = now
        self._live.update(self._draw())

    def event(self, at_s: float, text: str) -> None:
        """Stays above the panel."""
        self._console.print(Text(f"{at_s:6.1f} s  {text}"), soft_wrap=True)

    def _draw(self) -> Group:
        now = self._now
        title = f"滇运边缘 Dianyun Edge · {now.phase} · seed {now.seed}"
        head = Table.grid(expand=True, padding=(0, 1))
        head.add_column(ratio=1)
        head.add_column(justify="right", width=14)
        driving = now.phase != STARTING  # the clock begins anew with it
        done = min(now.elapsed_s, now.seconds) if driving else 0.0
        head.add_row(ProgressBar(now.seconds, done), f"{done:.0f} / {now.seconds:.0f} s")
        boxes = Table.grid(expand=True, padding=(0, 1))
        boxes.add_column(ratio=1)
        boxes.add_column(ratio=1)
        boxes.add_row(Group(self._road(), self._desks()), self._fleet())
        return Group(Panel(Group(head, boxes), title=title))

    def _road(self) -> Panel:
        table = Table.grid(padding=(0, 2))
        for name, runs in self._now.parts.items():
            table.add_row(name, Text("up", "green") if runs else self._not_up())
        return Panel(table, title="processes · 进程")

    def _not_up(self) -> Text:
        return Text("starting", "dim") if self._now.phase == STARTING else Text("DOWN", "bold red")

    def _fleet(self) -> Panel:
        now = self._now
        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(justify="right")
        for name in _NUMBERS:
            table.add_row(name, str(getattr(now, name)))
        table.add_row("under way", Text(str(now.under_way), "yellow" if now.under_way else "dim"))
        table.add_row("online", f"{now.online} / {now.trucks}")
        table.add_row("in a tunnel", str(now.in_tunnel))
        return Panel(table, title="reports · 报告")

    def _desks(self) -> Panel:
        table = Table.grid(padding=(0, 2))
        for name, (state, emitted, acknowledged) in self._now.desks.items():
            table.add_row(name, state, f"{acknowledged} / {emitted}")
        return Panel(table, title="real firmware · 真实固件")


def show_for(console: Console) -> Show:
    """The screen on a terminal, plain lines anywhere else."""
    return Screen(console) if console.is_terminal else Plain(console)
