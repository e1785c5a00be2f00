"""What leaves for a destination that is no supervisor: what its list says, and nothing else."""

import json
from pathlib import Path

import pytest

from edge_gateway.config import ConfigError
from edge_gateway.config_file import load
from edge_gateway.delivery.releasing import load_release
from edge_gateway.delivery.source import BatchSource
from protocols.freight.release import ReleaseError
from protocols.monitoring.batch import Batch
from protocols.monitoring.records import MESSAGE, Record
from tests.freight.planted import NAME, PHONE, driver_body, found_in
from tests.gateway.support import body_of

from .journal_in_memory import JournalInMemory
from .settings import settings

RECEIVED_MS = 1_790_000_000_000  # 2026-09-21
LIST = """
purpose = "analysis"
[fields]
kind = "clear"
phone = "hash:phone"
"position.latitude" = "position"
report.name = "name"
[keys]
2026Q3 = "epoch.key"
"""


def release_file(folder: Path, text: str = LIST) -> Path:
    (folder / "epoch.key").write_text("00112233445566778899aabbccddeeff" * 2 + "\n")
    path = folder / "release.toml"
    path.write_text(text)
    return path


def records() -> list[Record]:
    phone = "0" + PHONE
    return [
        Record(1, RECEIVED_MS, phone, 2013, 0, 0x0200, 1, 0, body_of(1)),
        Record(2, RECEIVED_MS, phone, 2013, 0, 0x0702, 2, MESSAGE, driver_body()),
        Record(3, RECEIVED_MS, phone, 2013, 0, 0x0200, 3, 0, body_of(3)),
    ]


def test_only_what_is_listed_leaves_and_the_rest_is_counted(tmp_path: Path) -> None:
    release = load_release(release_file(tmp_path))
    payload = release.encode(Batch("gw", records()))
    document = json.loads(payload)
    assert (document["schema"], document["purpose"]) == ("dianyun.released/1", "analysis")
    first, card, third = document["records"]
    assert set(first) == {"kind", "phone", "position", "report"}
    assert set(first["position"]) == {"latitude"}
    assert first["report"] == {}
    assert first["phone"] == third["phone"]
    assert first["phone"].startswith("2026Q3:")
    assert card["report"] == {"name": "欧阳**"}
    assert not found_in(payload)
    assert release.dropped["body"] == release.dropped["record_id"] == 3
    assert release.dropped["position.longitude"] == 2


def test_the_delivery_of_such_a_destination(tmp_path: Path) -> None:
    journal = JournalInMemory()
    journal.append(records())
    one = settings(form="json", confirm="puback", release=str(release_file(tmp_path)))
    source = BatchSource(one, journal)
    found = source.next_batch(0, 0)
    assert found is not None
    batch, _ = found
    assert batch.count == 3
    assert not found_in(batch.payload)
    assert source.dropped_fields > 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LIST.replace('"hash:phone"', '"clear"'), "phone: analysis rests on consent"),
        (LIST.replace("kind =", "body ="), "body: analysis rests on consent"),
        (LIST.replace('"name"\n', '"mask"\n'), "there is no rule 'mask'"),
        (LIST.replace("analysis", "curiosity"), "purpose: one of"),
        (LIST.replace("epoch.key", "nowhere.key"), "keys.2026Q3: No such file"),
        (LIST.partition("[keys]")[0], "needs a key for each epoch"),
        ("purpose = 5\n[other]\n", "unknown"),
        ("purpose", "not TOML"),
    ],
)
def test_a_list_that_would_give_away_too_much_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ReleaseError, match=words) as caught:
        load_release(release_file(tmp_path, text))
    assert "00112233" not in str(caught.value)


def test_a_retired_epoch_lets_nothing_leave(tmp_path: Path) -> None:
    release = load_release(release_file(tmp_path, LIST.replace("2026Q3", "2026Q2")))
    with pytest.raises(ValueError, match="epoch '2026Q3': there is no key"):
        release.encode(Batch("gw", records()))


def test_the_configuration_finds_the_mistakes(tmp_path: Path) -> None:
    release_file(tmp_path)
    config = tmp_path / "gateway.toml"
    head = '[[destination]]\nname = "analyst"\nrelease = "release.toml"\n'
    config.write_text(f'{head}form = "json"\nconfirm = "puback"\n')
    assert load(config).destination[0].release == str(tmp_path / "release.toml")
    config.write_text(head)
    with pytest.raises(ConfigError, match='release: works with form "json"'):
        load(config)
    release_file(tmp_path, LIST.replace('"hash:phone"', '"clear"'))
    config.write_text(f'{head}form = "json"\nconfirm = "puback"\n')
    with pytest.raises(ConfigError, match="rests on consent"):
        load(config)
    assert NAME not in str(config.read_text())
