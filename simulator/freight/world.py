"""One finished world: what was uploaded, what the registers and the terminals know, and the truth."""

from __future__ import annotations

from dataclasses import dataclass

from ..authority.indicators.period import Period
from ..authority.indicators.registers import Registers
from ..authority.indicators.rules import Rules
from ..authority.indicators.tracks import Points, TracksInMemory
from ..authority.indicators.uploads import Upload
from .actors import Cast
from .truth import Truth


@dataclass(frozen=True)
class World:
    """uploads: in order of arrival. positions: vehicle key → its track. cast: the actors behind all of it."""

    name: str
    seed: int
    period: Period
    rules: Rules
    registers: Registers
    uploads: list[Upload]
    positions: dict[str, Points]
    cast: Cast
    truth: Truth

    def tracks(self) -> TracksInMemory:
        """The vehicles' positions as the indicators take them."""
        tracks = TracksInMemory()
        for key, points in self.positions.items():
            tracks.add_vehicle(key, points)
        return tracks
