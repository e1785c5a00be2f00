"""Checks of the certificates that we show: whether they are what they should be, and for how long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from ..config import Config
from .finding import GOOD, POOR, WRONG, Finding

SOON: Final = timedelta(days=21)
RENEW: Final = "renew it, then `edge-gateway reload`: nobody is disconnected"


def certificate_findings(config: Config) -> Iterator[Finding]:
    """One for each certificate of ours; those of others are told by the handshake with them."""
    named = [("tls.certificate_file", config.tls.certificate_file if config.tls.enabled else "")]
    named += [("api.certificate_file", config.api.certificate_file if config.api.enabled else "")]
    named += [
        (f"destination {each.name}: certificate_file", each.certificate_file) for each in config.destination
    ]
    for key, file in named:
        if file:
            yield _finding(key, Path(file), datetime.now(UTC))


def _finding(key: str, file: Path, now: datetime) -> Finding:
    try:
        first, *_ = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        return Finding(WRONG, "certificate", f"{file} cannot be read: {error}", f"{key}: a PEM file")
    begins, ends = first.not_valid_before_utc, first.not_valid_after_utc
    text = f"{file.name} is good until {ends:%Y-%m-%d}"
    if not begins <= now < ends:
        text = f"{file.name} is good from {begins:%Y-%m-%d} until {ends:%Y-%m-%d} only"
        return Finding(WRONG, "certificate", text, f"{key}: {RENEW}")
    if ends - now < SOON:
        return Finding(POOR, "certificate", text, f"{key}: {RENEW}")
    return Finding(GOOD, "certificate", text)
