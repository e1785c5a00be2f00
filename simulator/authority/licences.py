"""Electronic licences (JT/T 1290, 1291, 1292 kinds): issued, renewed, changed, cancelled; sealed each time.

The certificate itself stands on the register of papers, so that codes and indicators see every change at
once; here stands what makes a licence of it: the day of issue and the seal. Record and seal are a
stand-in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from protocols.freight.certificates import Certificate, Paper, Status
from protocols.freight.licences import ELicence, Licence
from protocols.freight.values import day_text
from protocols.guomi import Guomi

from .books.book import BookError, Change
from .books.registry import paper_name
from .bureau import Bureau

LICENCE: Final = "licence"
KINDS: Final = {
    Paper.QUALIFICATION: Licence.QUALIFICATION,
    Paper.PERMIT: Licence.PERMIT,
    Paper.TRANSPORT: Licence.TRANSPORT,
}


@dataclass(frozen=True)
class Shown:
    """A licence with the key id that sealed it, and what is wrong with it now: empty when it may be shown."""

    licence: ELicence
    key_id: bytes
    standing: str


class Licences:
    """Of one bureau. Every method raises BookError for a kind that has no licence, or an unknown number."""

    def __init__(self, bureau: Bureau, guomi: Guomi) -> None:
        self._bureau, self._guomi = bureau, guomi

    def issue(self, certificate: Certificate, issue_date: str, actor: str) -> ELicence:
        """A new one. Raises BookError when the number is taken."""
        if self._bureau.registry.paper(certificate.paper, certificate.number) is not None:
            raise BookError("number: such a paper is on the register already")
        return self._seal(certificate, issue_date, actor, "issued")

    def renew(self, paper: Paper, number: str, valid_to: str, actor: str) -> ELicence:
        """The same, longer. Raises ValueError for a day that is none, or before the present end."""
        certificate = self._certificate(paper, number)
        if valid_to <= certificate.valid_to:
            raise BookError("valid_to: a renewal ends later than what it renews")
        changed = replace(certificate, valid_to=valid_to, status=Status.VALID)
        return self._seal(changed, day_text(self._bureau.clock()), actor, "renewed")

    def change(self, certificate: Certificate, actor: str) -> ELicence:
        """Other data under the same number."""
        self._certificate(certificate.paper, certificate.number)
        return self._seal(certificate, day_text(self._bureau.clock()), actor, "changed")

    def cancel(self, paper: Paper, number: str, actor: str) -> ELicence:
        """It stands no more; whoever shows an older copy is refused online."""
        changed = replace(self._certificate(paper, number), status=Status.CANCELLED)
        return self._seal(changed, day_text(self._bureau.clock()), actor, "cancelled")

    def show(self, paper: Paper, number: str) -> Shown:
        """The newest copy, verified."""
        certificate = self._certificate(paper, number)
        body = self._bureau.book.get(LICENCE, paper_name(paper, number))
        if body is None:
            raise BookError("number: no electronic licence was issued for it")
        key_id = bytes.fromhex(body["key_id"])
        licence = ELicence(KINDS[paper], certificate, body["issue_date"], bytes.fromhex(body["seal"]))
        keys = {key.key_id: key.public for key in self._bureau.keys.trusted()}
        standing = licence.standing(self._guomi, keys[key_id], self._bureau.clock())
        return Shown(licence, key_id, standing)

    def history(self, paper: Paper, number: str) -> list[Change]:
        """Issue, renewals, changes, cancellation, the oldest first."""
        return self._bureau.book.history(LICENCE, paper_name(paper, number))

    def _certificate(self, paper: Paper, number: str) -> Certificate:
        if paper not in KINDS:
            raise BookError(f"paper: there are no electronic licences of {paper.value}")
        record = self._bureau.registry.paper(paper, number)
        if record is None:
            raise BookError("number: not on the register")
        return record.certificate

    def _seal(self, certificate: Certificate, issue_date: str, actor: str, action: str) -> ELicence:
        if certificate.paper not in KINDS:
            raise BookError(f"paper: there are no electronic licences of {certificate.paper.value}")
        key, private = self._bureau.keys.current
        licence = ELicence(KINDS[certificate.paper], certificate, issue_date).sealed(self._guomi, private)
        body = {"issue_date": issue_date, "seal": licence.seal.hex(), "key_id": key.key_id.hex()}
        with self._bureau.book.writing():
            self._bureau.enter_paper(certificate, actor, action)
            name = paper_name(certificate.paper, certificate.number)
            self._bureau.book.put(LICENCE, name, body, at_s=self._bureau.clock(), actor=actor, action=action)
        return licence
