"""`edge-gateway keys`, the envelope's keys in the configuration, and what doctor says of them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_gateway.cli import app
from edge_gateway.config import ConfigError
from edge_gateway.config_file import load
from edge_gateway.doctor.envelopes import envelope_findings
from edge_gateway.doctor.finding import GOOD, POOR, WRONG
from protocols.monitoring.envelopes import load_envelope, read_ring

HEAD = '[gateway]\nid = "edge-1"\n'


def keys(*words: object, code: int = 0) -> str:
    """Runs the command; gives what it said."""
    done = CliRunner().invoke(app, ["keys", *map(str, words)])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys of both sides, as two operators make them."""
    for owner in ("edge-1", "authority"):
        keys("new", tmp_path / f"{owner}.keys", "--owner", owner)
        keys("public", tmp_path / f"{owner}.keys", tmp_path / f"{owner}.public")
    return tmp_path


def config_of(folder: Path, mqtt: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(f"{HEAD}[mqtt]\n{mqtt}\n")
    return path


GUARDED = 'envelope = "guomi"\nenvelope_keys = "edge-1.keys"\nenvelope_peers = "authority.public"'


def test_keys_made_by_command_carry_messages(folder: Path) -> None:
    now_ms = 4_000_000_000_000
    gateway = load_envelope("guomi", folder / "edge-1.keys", folder / "authority.public")
    authority = load_envelope("guomi", folder / "authority.keys", folder / "edge-1.public")
    assert authority.open(gateway.seal(b"x", "t", now_ms), "t", now_ms, sender="edge-1") == b"x"
    assert "exists and is left as it is" in keys("new", folder / "edge-1.keys", "--owner", "edge-1", code=2)


def test_no_private_key_is_ever_printed(folder: Path) -> None:
    secret = [key.private.hex() for key in read_ring(folder / "edge-1.keys").keys]
    said = keys("list", folder / "edge-1.keys") + keys("list", folder / "edge-1.keys", "--json")
    said += keys("rotate", folder / "edge-1.keys") + (folder / "edge-1.public").read_text()
    assert len(secret) == 2
    assert not any(one in said for one in secret)


def test_rotation_and_retirement(folder: Path) -> None:
    keys("rotate", folder / "edge-1.keys", "--in", 0, "--keep", 0)
    rows = json.loads(keys("list", folder / "edge-1.keys", "--json"))
    assert sorted(row["state"] for row in rows) == ["in use", "in use", "retired", "retired"]
    assert "2 keys dropped, 2 kept" in keys("retire", folder / "edge-1.keys")
    keys("rotate", folder / "edge-1.keys", "--in", 2)
    rows = json.loads(keys("list", folder / "edge-1.keys", "--json"))
    assert sorted(row["state"] for row in rows) == ["in use", "in use", "to come", "to come"]
    keys("public", folder / "edge-1.keys", folder / "edge-1.public")
    keys("rotate", folder / "edge-1.public", code=1)


def test_the_configuration_takes_good_keys_alone(folder: Path) -> None:
    assert load(config_of(folder, GUARDED)).mqtt.envelope == "guomi"
    for mqtt, problem in (
        ('envelope = "guomi"', "envelope_keys"),
        (GUARDED.replace("authority.public", "nowhere"), "envelope_peers: there is no file"),
        (GUARDED.replace("guomi", "rsa-aes"), "no use for a sm2 key"),
        (GUARDED.replace("edge-1.keys", "edge-1.public"), "private keys"),
        (GUARDED.replace("guomi", "plain"), "it is guomi or rsa-aes"),
    ):
        with pytest.raises(ConfigError, match=problem):
            load(config_of(folder, mqtt))
    path = config_of(folder, "")
    destination = f'[[destination]]\nname = "a"\nform = "emqx"\nconfirm = "puback"\n{GUARDED}\n'
    path.write_text(HEAD + destination)
    with pytest.raises(ConfigError, match="phone numbers in its topics"):
        load(path)
    (folder / "edge-1.keys").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load(config_of(folder, GUARDED))


def test_doctor_looks_at_the_keys(folder: Path) -> None:
    (plain,) = envelope_findings(load(config_of(folder, "")))
    assert plain.verdict == POOR
    good = list(envelope_findings(load(config_of(folder, GUARDED))))
    assert {finding.verdict for finding in good} == {GOOD}
    ids = [key.id.hex() for key in read_ring(folder / "edge-1.keys").keys]
    assert any(key in finding.text for finding in good for key in ids)
    keys("rotate", folder / "authority.keys", "--in", 2, "--keep", 1)
    keys("public", folder / "authority.keys", folder / "authority.public")
    ending = [finding for finding in envelope_findings(load(config_of(folder, GUARDED))) if finding.advice]
    assert [(finding.verdict, finding.topic) for finding in ending] == [(POOR, "mqtt envelope: peers")]
    config = load(config_of(folder, GUARDED))
    (folder / "authority.public").write_text("no keys")
    assert WRONG in {finding.verdict for finding in envelope_findings(config)}
