"""The doctor looks at our certificates: an expired one is what nobody looks at until everybody is cut off."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_gateway import config_file
from edge_gateway.doctor.certificates import _finding, certificate_findings
from tests.gateway.test_transports import make_certificate


def test_how_long_a_certificate_is_good(tmp_path, monkeypatch):
    (certificate, key), _ = make_certificate(tmp_path, "gateway")  # good for a day, since yesterday
    config = tmp_path / "gateway.toml"
    config.write_text(f'[tls]\nenabled = true\ncertificate_file = "{certificate}"\nkey_file = "{key}"\n')
    (found,) = certificate_findings(config_file.load(config, {}))
    assert (found.verdict, found.topic) == ("poor", "certificate")
    assert "tls.certificate_file" in found.advice and "reload" in found.advice
    now, file = datetime.now(UTC), Path(certificate)
    assert _finding("k", file, now - timedelta(days=3)).verdict == "wrong", "not yet"
    assert _finding("k", file, now + timedelta(days=3)).verdict == "wrong", "no longer"
    monkeypatch.setattr("edge_gateway.doctor.certificates.SOON", timedelta(hours=1))
    assert _finding("k", file, now).verdict == "good"
    (tmp_path / "no.pem").write_text("no certificate")
    assert "cannot be read" in _finding("k", tmp_path / "no.pem", now).text


def test_what_is_off_is_not_looked_at(tmp_path):
    config = tmp_path / "gateway.toml"
    config.write_text("")
    assert list(certificate_findings(config_file.load(config, {}))) == []
