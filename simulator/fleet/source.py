"""The sky above one truck: epoch by epoch its sentences, and whether it has a network and a running engine.

Joins motion and receiver; pure. The same plan gives the same bytes, whoever asks and however fast.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from .geometry import Point
from .gnss import Receiver, Sensed
from .motion import Motion
from .scenario import Options, TruckPlan


class Epoch(NamedTuple):
    """One second of the receiver. sentences: NMEA bytes. true_point: without noise. ignition: engine runs.
    covered: in a tunnel, so without network.
    """

    sentences: bytes
    true_point: Point
    ignition: bool
    covered: bool


class Source:
    """Gives epoch after epoch, without end."""

    def __init__(self, plan: TruckPlan, options: Options) -> None:
        self._motion = Motion(plan.route, plan.motion)
        self._receiver = Receiver(plan.seed, plan.talker)
        self._at = options.base
        self._step_s = options.compression

    def next_epoch(self) -> Epoch:
        """The sentences of now; then the truck drives on by the compression's seconds."""
        motion = self._motion
        sensed = Sensed(motion.point, motion.speed_mps, motion.heading_deg, motion.in_tunnel)
        sentences = self._receiver.sentences(self._at, sensed, self._step_s)
        epoch = Epoch(sentences, sensed.point, motion.ignition, sensed.covered)
        motion.advance(self._step_s)
        self._at += timedelta(seconds=self._step_s)
        return epoch
