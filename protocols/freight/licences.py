"""Electronic licences (电子证照) of road transport: kinds of JT/T 1290, 1291, 1292; sealed and verified.

The field tables of the three standards were not found (paid standards), nor was the seal's format: the record
and its seal are OURS, a stand-in, so that verification can be shown. SM2 with SM3 over canonical CBOR.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import cbor2

from protocols.guomi import Guomi

from .certificates import Certificate, Paper, Status

SEAL_ID: Final = b"dianyun.e-licence"
VERSION: Final = 1


class Licence(StrEnum):
    """The kind and the standard that names it."""

    QUALIFICATION = "JT/T 1290"  # 从业资格证
    PERMIT = "JT/T 1291"  # 经营许可证
    TRANSPORT = "JT/T 1292"  # 道路运输证


_PAPERS: Final = {
    Licence.QUALIFICATION: Paper.QUALIFICATION,
    Licence.PERMIT: Paper.PERMIT,
    Licence.TRANSPORT: Paper.TRANSPORT,
}


@dataclass(frozen=True)
class ELicence:
    """kind, the certificate it shows, issue_date (YYYYMMDD), seal: the issuer's SM2 r ‖ s, or empty.

    Raises ValueError when the certificate is of another kind than the licence.
    """

    kind: Licence
    certificate: Certificate
    issue_date: str
    seal: bytes = b""

    def __post_init__(self) -> None:
        if self.certificate.paper is not _PAPERS[self.kind]:
            raise ValueError(f"certificate: {self.kind.value} shows no {self.certificate.paper.value}")

    def sealed(self, guomi: Guomi, private: bytes) -> "ELicence":
        """The same with the issuer's seal."""
        return replace(self, seal=guomi.sm2_sign(private, self.content(), SEAL_ID))

    def genuine(self, guomi: Guomi, public: bytes) -> bool:
        """Whether this issuer sealed exactly this content."""
        return guomi.sm2_verify(public, self.content(), self.seal, SEAL_ID)

    def standing(self, guomi: Guomi, public: bytes, second: int) -> str:
        """Empty when it may be shown; else why not: forged, suspended, cancelled, ended, not begun."""
        if not self.genuine(guomi, public):
            return "forged"
        if self.certificate.status is not Status.VALID:
            return self.certificate.status.value
        if second >= self.certificate.ends_s:
            return "ended"
        return "not begun" if second < self.certificate.starts_s else ""

    def content(self) -> bytes:
        """The sealed bytes: version ‖ canonical CBOR of every field in the order of the record."""
        c = self.certificate
        members = [
            self.kind.value,
            c.number,
            c.holder,
            c.holder_id,
            sorted(c.scope),
            c.plate,
            c.plate_colour,
            list(c.classes),
            c.issuer,
            self.issue_date,
            c.valid_from,
            c.valid_to,
            c.status.value,
        ]
        return bytes([VERSION]) + cbor2.dumps(members, canonical=True)
