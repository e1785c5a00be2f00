"""[[destination]] of a configuration file becomes settings, and mistakes in it are named."""

from pathlib import Path

import pytest

from edge_gateway.config import ConfigError
from edge_gateway.config_file import load, parse
from edge_gateway.delivery import destination_names
from edge_gateway.delivery.settings import settings_of
from protocols.monitoring.records import MESSAGE
from tests.monitoring.mix import make_mix


def test_mqtt_and_batch_are_the_one_destination_of_a_file_without_any() -> None:
    config = parse(
        {"gateway": {"id": "gw-7"}, "mqtt": {"port": 1999, "window": 3}, "batch": {"max_records": 9}}
    )
    (only,) = settings_of(config)
    assert (only.name, only.port, only.window, only.max_records) == ("", 1999, 3, 9)
    assert (only.topic, only.answers_topic) == ("gov/v1/pos/gw-7", "gov/v1/ack/gw-7")
    assert (only.client_id, only.wanted()) == ("edge-gw-7", None)


def test_several_destinations(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-")
    file = tmp_path / "gateway.toml"
    file.write_text(
        '[[destination]]\nname = "province"\nca_file = "ca.pem"\n'
        '[[destination]]\nname = "company"\nform = "emqx"\nconfirm = "puback"\ntopic_prefix = "jt808"\n'
        'kinds = ["live", "message"]\nmessage_ids = [0x0200]\nterminals = ["013800138000"]\nrate = 100\n'
    )
    config = load(file, {})
    assert destination_names(config) == ("province", "company")
    province, company = settings_of(config)
    assert province.ca_file == str(tmp_path / "ca.pem")
    assert (company.answers_topic, company.rate, company.client_id) == ("", 100, "edge-gateway-1-company")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([{}], "destination.0.name"),
        ([{"name": "a/b"}], "destination.0.name"),
        ([{"name": "a"}, {"name": "a"}], "destination.name: 'a' is there twice"),
        ([{"name": "a", "form": "emqx"}], "knows no receipts"),
        ([{"name": "a", "form": "emqx", "confirm": "puback", "window": 500}], "60000 messages"),
        ([{"name": "a", "topic_prefix": "gov/#"}], "destination.0.topic_prefix"),
        ([{"name": "a", "prot": 1}], "did you mean 'port'"),
        ([{"name": "a", "kinds": ["alive"]}], "destination.0.kinds"),
        ([{"name": "a", "ca_file": "nowhere.pem"}], "there is no file"),
    ],
)
def test_mistakes_are_named(values: list[dict[str, object]], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem.replace("/", ".")):
        parse({"destination": values})


def test_the_filter_knows_kind_message_and_terminal() -> None:
    first, second = make_mix(2, vehicles=2)
    message = first._replace(kind=MESSAGE, message_id=0x0702)
    narrow = {"name": "a", "terminals": [first.phone.lstrip("0")]}
    wanted = settings_of(parse({"destination": [narrow]}))[0].wanted()
    assert wanted and (wanted(first), wanted(second)) == (True, False)
    wanted = settings_of(parse({"destination": [{"name": "a", "kinds": ["message"]}]}))[0].wanted()
    assert wanted and (wanted(first), wanted(message)) == (False, True)
    wanted = settings_of(parse({"destination": [{"name": "a", "message_ids": [0x0200]}]}))[0].wanted()
    assert wanted and (wanted(first), wanted(message)) == (True, False)
