"""The office that issues codes: one code a holder, a new one for each change, the old one revoked.

A holder is known by the keyed hash of its identity. Signed codes are `protocols.driver_code`'s; the office
knows no format. Every refusal and every event is an answer, none an exception of the applicant's making.
"""

from dataclasses import dataclass, field
from typing import Final

from protocols.driver_code.codec import Codec
from protocols.driver_code.content import IDENTITY_HASH_BYTES, Colour, Content
from protocols.driver_code.masked_name import masked
from protocols.driver_code.trust import IssuerKey, Revocations, code_id
from protocols.freight.certificates import Paper
from protocols.guomi import Guomi

from .colours import RULES, ColourRule, Standing, Violation, history, standing_at
from .examination import Application, Refusal, Register, examine, valid_until

HOLDERS_MAX: Final = 1_000_000
VIOLATIONS_MAX: Final = 1000  # of one holder


@dataclass(frozen=True)
class Issued:
    """holder: its key with the office. text: of the symbol. colour: when it was issued."""

    holder: bytes
    text: str
    colour: Colour
    valid_until_s: int


@dataclass(frozen=True)
class Refused:
    """Why not: every paper that is missing or wrong, or one reason of the office's own."""

    refusals: tuple[Refusal, ...]
    reason: str = ""


@dataclass
class _Holder:
    application: Application
    issued: Issued
    since_s: int
    violations: list[Violation] = field(default_factory=list)


class Office:
    """key, private: of the issuer. secret: of the identity hashes. register: of papers."""

    def __init__(
        self,
        guomi: Guomi,
        codec: Codec,
        key: IssuerKey,
        *,
        private: bytes,
        secret: bytes,
        register: Register,
        rules: tuple[ColourRule, ...] = RULES,
    ) -> None:
        self._guomi, self._codec, self._key = guomi, codec, key
        self._private, self._secret = private, secret
        self._register, self._rules = register, rules
        self._holders: dict[bytes, _Holder] = {}
        self._revoked: dict[bytes, int] = {}  # code id → end of that code

    def holder_of(self, identity: str) -> bytes:
        """The keyed hash of an identity number, 16 bytes."""
        return self._guomi.sm3_hmac(self._secret, identity.encode())[:IDENTITY_HASH_BYTES]

    def apply(self, application: Application, now_s: int) -> Issued | Refused:
        """Examines everything and issues. One code a holder: who has one that stands changes it instead."""
        holder = self.holder_of(application.identity)
        known = self._holders.get(holder)
        if known is not None and now_s < known.issued.valid_until_s:
            return Refused((), "the holder has a code already")
        if known is None and len(self._holders) >= HOLDERS_MAX:
            return Refused((), "the register of holders is full")
        refusals = examine(application, self._register, now_s)
        if refusals:
            return Refused(tuple(refusals))
        violations = known.violations if known is not None else []
        issued = self._issue(holder, application, violations, now_s)
        self._holders[holder] = _Holder(application, issued, now_s, violations)
        return issued

    def change(self, application: Application, now_s: int) -> Issued | Refused:
        """Another vehicle or other papers: examined anew. A refusal leaves the present code as it is."""
        holder = self.holder_of(application.identity)
        known = self._holders.get(holder)
        if known is None:
            return Refused((), "no code to change")
        refusals = examine(application, self._register, now_s)
        if refusals:
            return Refused(tuple(refusals))
        self._revoke(known)
        known.application = application
        known.issued = self._issue(holder, application, known.violations, now_s)
        return known.issued

    def cancel(self, holder: bytes) -> bool:
        """The holder's own wish: the code is revoked and the holder forgotten. False when there was none."""
        known = self._holders.pop(holder, None)
        if known is None:
            return False
        self._revoke(known)
        return True

    def record(self, holder: bytes, violation: Violation, now_s: int) -> Issued | None:
        """Notes a violation, or its handling when its number is known. A new code when the colour changed.

        Raises KeyError for an unknown holder, ValueError when there are too many violations.
        """
        known = self._holders[holder]
        others = [each for each in known.violations if each.number != violation.number]
        if len(others) >= VIOLATIONS_MAX:
            raise ValueError(f"violations: at most {VIOLATIONS_MAX} of one holder")
        known.violations = [*others, violation]
        return self.refresh(holder, now_s)

    def refresh(self, holder: bytes, now_s: int) -> Issued | None:
        """A new code when today's colour is another than the code's; None when it is not, or has ended."""
        known = self._holders[holder]
        if now_s >= known.issued.valid_until_s or self.standing(holder, now_s).colour is known.issued.colour:
            return None
        self._revoke(known)
        known.issued = self._issue(holder, known.application, known.violations, now_s)
        return known.issued

    def standing(self, holder: bytes, now_s: int) -> Standing:
        """Today's colour and its causes. Raises KeyError for an unknown holder."""
        known = self._holders[holder]
        return standing_at(now_s, known.violations, known.issued.valid_until_s, self._rules)

    def history(self, holder: bytes, until_s: int) -> list[tuple[int, Standing]]:
        """Each colour since the holder's first code, with its causes. Raises KeyError."""
        known = self._holders[holder]
        return history(known.since_s, until_s, known.violations, known.issued.valid_until_s, self._rules)

    def revocations(self, now_s: int) -> Revocations:
        """The list for verifiers. Codes that have ended anyway are left out, so it does not grow for ever."""
        self._revoked = {code: end for code, end in self._revoked.items() if end > now_s}
        return Revocations(now_s, frozenset(self._revoked))

    def _revoke(self, known: _Holder) -> None:
        self._revoked[code_id(known.issued.text)] = known.issued.valid_until_s

    def _issue(
        self, holder: bytes, application: Application, violations: list[Violation], now_s: int
    ) -> Issued:
        until_s = valid_until(application)
        colour = standing_at(now_s, violations, until_s, self._rules).colour
        driving = [each for each in application.papers if each.paper is Paper.DRIVING]
        content = Content(
            application.holder,
            holder,
            masked(application.name),
            application.plate,
            int(application.plate_colour or 0),
            driving[0].classes if driving else (),
            colour,
            now_s,
            until_s,
            self._key.key_id,
        )
        return Issued(holder, self._codec.sign(content, self._private), colour, until_s)
