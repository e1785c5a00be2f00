"""Why data may be used: purposes, their legal bases, and the consent records where the base is consent.

The five uses are those that the scheme allows, and no others exist here. Which of them rest on a statutory
duty and which on consent is OUR reading, given as configuration: a lawyer decides, not this file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Purpose(StrEnum):
    """The uses that are allowed."""

    VERIFICATION = "capacity verification"  # 运力核验
    EXCHANGE = "data exchange"  # 数据交换
    MONITORING = "monitoring output"  # 监测输出
    AFTERMARKET = "after-market services"  # 后市场服务
    ANALYSIS = "analysis"  # 分析


class Basis(StrEnum):
    """On what a use rests."""

    STATUTE = "statutory duty"
    CONSENT = "consent"
    SEPARATE_CONSENT = "separate consent"  # for sensitive information: tracks, accounts


BASES: Final[Mapping[Purpose, Basis]] = {
    Purpose.VERIFICATION: Basis.CONSENT,
    Purpose.EXCHANGE: Basis.CONSENT,
    Purpose.MONITORING: Basis.STATUTE,
    Purpose.AFTERMARKET: Basis.SEPARATE_CONSENT,
    Purpose.ANALYSIS: Basis.CONSENT,
}


# Sensitive personal information: consent to its use is given on its own, for any purpose (PIPL Art. 28, 29).
SENSITIVE: Final = frozenset({"track", "account"})


@dataclass(frozen=True)
class Consent:
    """who: keyed hash of the person or company. data_class: waybill, track, account, …. separate: given
    on its own, with the notice that sensitive information needs. from_s, until_s: Unix time, until excluded;
    withdrawn_s: from when it holds no more."""

    who: str
    data_class: str
    purpose: Purpose
    from_s: int
    until_s: int
    separate: bool = False
    withdrawn_s: int | None = None

    def holds_at(self, second: int) -> bool:
        """Whether it was given, has not ended and was not withdrawn."""
        ended = self.until_s if self.withdrawn_s is None else min(self.until_s, self.withdrawn_s)
        return self.from_s <= second < ended

    def withdrawn(self, second: int) -> "Consent":
        """The same, withdrawn at this second; an earlier withdrawal stays."""
        earlier = self.withdrawn_s
        return replace(self, withdrawn_s=second if earlier is None else min(earlier, second))


def permitted(
    who: str,
    data_class: str,
    purpose: Purpose,
    second: int,
    *,
    consents: Iterable[Consent],
    bases: Mapping[Purpose, Basis] = BASES,
) -> bool:
    """Whether this use of this person's data has a basis at this second."""
    basis = bases[purpose]
    if basis is Basis.STATUTE:
        return True
    alone = basis is Basis.SEPARATE_CONSENT or data_class in SENSITIVE
    return any(
        (consent.who, consent.data_class, consent.purpose) == (who, data_class, purpose)
        and (consent.separate or not alone)
        and consent.holds_at(second)
        for consent in consents
    )
