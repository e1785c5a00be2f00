"""Examines an application's papers against the registers: every one missing or wrong is named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from protocols.driver_code.content import Holder
from protocols.freight.certificates import NAMES, OF_PERSON, OF_VEHICLE, Certificate, Paper, Status

# Who needs what. Ours: the scheme names six certificates and a policy for drivers, nothing for the others.
NEEDED: Final[Mapping[Holder, frozenset[Paper]]] = {
    Holder.DRIVER: frozenset(Paper),
    Holder.ENTERPRISE: frozenset({Paper.PERMIT}),
    Holder.PLATFORM: frozenset({Paper.PERMIT}),
}
# Papers that ordinary freight up to 4.5 t does without, as the indicators' exemptions have it.
LIGHT_WITHOUT: Final = frozenset({Paper.QUALIFICATION, Paper.TRANSPORT, Paper.PERMIT})


@dataclass(frozen=True)
class Application:
    """Who wants a code: name and identity number (or company code), the vehicle, and the papers shown.

    carrier_id: whose operating permit covers the trips; the holder's own when empty. light: ordinary freight
    with a vehicle of at most 4.5 t.
    """

    holder: Holder
    identity: str
    name: str
    papers: tuple[Certificate, ...]
    plate: str = ""
    plate_colour: str = ""
    carrier_id: str = ""
    light: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why no code is issued: the paper and the reason, for people. Shows no number of a paper."""

    paper: Paper
    reason: str

    def __str__(self) -> str:
        return f"{NAMES[self.paper]} ({self.paper.value}): {self.reason}"


class Register(Protocol):
    """Where papers are looked up, by kind and number; a dictionary is one."""

    def get(self, name: tuple[Paper, str], /) -> Certificate | None:
        """The certificate, or None."""


def needed(application: Application) -> frozenset[Paper]:
    """The papers that this application must show."""
    papers = NEEDED[application.holder]
    return papers - LIGHT_WITHOUT if application.light else papers


def examine(application: Application, register: Register, now_s: int) -> list[Refusal]:
    """Every fault of every paper, in the order of the papers; empty when a code may be issued."""
    wanted = needed(application)
    refusals = []
    for paper in Paper:
        shown = [each for each in application.papers if each.paper is paper]
        if not shown and paper in wanted:
            refusals.append(Refusal(paper, "missing"))
        elif len(shown) > 1:
            refusals.append(Refusal(paper, "shown twice"))
        elif shown:
            refusals += [Refusal(paper, reason) for reason in _faults(shown[0], application, register, now_s)]
    return refusals


def valid_until(application: Application) -> int:
    """The earliest end of the papers shown (Unix time, excluded). Raises ValueError without papers."""
    if not application.papers:
        raise ValueError("papers: none, so no end")
    return min(paper.ends_s for paper in application.papers)


def _faults(shown: Certificate, application: Application, register: Register, now_s: int) -> Iterator[str]:
    entry = register.get((shown.paper, shown.number))
    if entry is None:
        yield "not on the register"
        return
    if entry != shown:
        yield f"not as registered: {', '.join(_different(shown, entry))}"
    if entry.status is not Status.VALID:
        yield entry.status.value
    elif now_s >= entry.ends_s:
        yield "ended"
    elif now_s < entry.starts_s:
        yield "not begun"
    yield from _of_another(entry, application)


def _different(shown: Certificate, entry: Certificate) -> list[str]:
    return [name for name in vars(entry) if getattr(shown, name) != getattr(entry, name)]


def _of_another(entry: Certificate, application: Application) -> Iterator[str]:
    """A genuine paper of somebody else is no paper of the applicant's."""
    if entry.paper in OF_PERSON and (entry.holder_id, entry.holder) != (
        application.identity,
        application.name,
    ):
        yield "of another person"
    if entry.paper in OF_VEHICLE and (entry.plate, entry.plate_colour) != (
        application.plate,
        application.plate_colour,
    ):
        yield "of another vehicle"
    if entry.paper is Paper.PERMIT and entry.holder_id != (application.carrier_id or application.identity):
        yield "of another carrier"
