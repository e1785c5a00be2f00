"""Every mistake in the configuration is named with its path; what is good comes back as written."""

import re
import tomllib

import pytest

from edge_gateway.config import Config, ConfigError
from edge_gateway.config_file import load, parse, section_of, shown, template


def problems(text, tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server]\nprot = 1", "server.prot: unknown key; did you mean 'port'?"),
        ("[sever]\nport = 1", "sever: unknown key; did you mean 'server'?"),
        ("[log]\nzzz = 1", "log.zzz: unknown key; known here: level, format"),
        ("[server]\nport = 70000", "server.port: Input should be less than or equal to 65535 (it is 70000)"),
        ('[server]\nport = "7808"', "server.port: Input should be a valid integer (it is '7808')"),
        ('[batch]\nform = "xml"', "batch.form: Input should be 'columnar' or 'json' (it is 'xml')"),
        ('[gateway]\nid = "a/b"', "gateway.id: names this gateway in topics and batches"),
        ('[mqtt]\ntopic_prefix = "gov/#"', "mqtt.topic_prefix: is the beginning of a topic"),
        ('[mqtt]\nusername = "u"\npassword_file = "no"', "mqtt.password_file: there is no file"),
        (
            "[journal]\nmax_bytes = 1000",
            "journal.max_bytes: Input should be greater than or equal to 1048576",
        ),
        ('[gateway]\nid = "g.w"', "gateway.id: names this gateway in topics and batches"),
        ("[server]\nidle_timeout_s = inf", "server.idle_timeout_s: Input should be a finite number"),
        ('[server]\nhost = ""', "server.host: String should have at least 1 character"),
        ("[batch]\nmax_bytes = 8388608", "batch.max_bytes: Input should be less than or equal to 4194304"),
        ("[batch]\nmax_age_ms = -1", "batch.max_age_ms: Input should be greater than or equal to 0"),
        ("[mqtt]\nwindow = 0", "mqtt.window: Input should be greater than or equal to 1"),
        ('[mqtt]\npassword_file = "gateway.toml"', "mqtt.password_file: a password without mqtt.username"),
        ("server = 3", "server: is a section: write [server] and its keys below it (it is 3)"),
        ('[mqtt]\nca_file = "none.pem"', "mqtt.ca_file: there is no file"),
        ('[api]\nkey_file = "gateway.toml"', "api.certificate_file, api.key_file: the one is of no use"),
        ("[server\n", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(text, named, tmp_path):
    assert any(named in problem for problem in problems(text, tmp_path)), problems(text, tmp_path)


def test_all_problems_are_told_at_once(tmp_path):
    assert len(problems("[server]\nprot = 1\nport = -1\n[log]\nlevel = 'loud'", tmp_path)) == 3


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml")


def test_the_template_is_the_defaults():
    assert parse(tomllib.loads(template())) == parse({})


def test_paths_are_taken_from_the_folder_of_the_file(tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "g.toml").write_text(
        '[server]\nstatus_file = "s.json"\n[mqtt]\nusername = "u"\npassword_file = "secret"'
    )
    config = load(tmp_path / "g.toml")
    assert config.mqtt.password_file == str(tmp_path / "secret")
    assert config.server.status_file == str(tmp_path / "s.json")
    assert config.journal_path == tmp_path / "data" / "journal.db"
    assert parse({"gateway": {"data_dir": "/var/lib/x"}}, tmp_path).gateway.data_dir == "/var/lib/x"


def test_whole_numbers_are_good_for_seconds():
    assert parse({"server": {"idle_timeout_s": 5}}).server.idle_timeout_s == 5.0


def test_every_key_has_a_sentence():
    for name, field in Config.model_fields.items():
        section = section_of(field)
        if section is None:
            continue
        silent = [key for key, each in section.model_fields.items() if not each.description]
        assert not silent, f"[{name}] {silent}: Field(description=…) stands in the file that `init` writes"


def test_the_environment_overrules_the_file_and_is_shown_as_the_origin(tmp_path):
    path = tmp_path / "g.toml"
    path.write_text('[server]\nport = 1\n\n[log]\nlevel = "debug"\n')
    environment = {"EDGE_GATEWAY_SERVER__PORT": "2", "EDGE_GATEWAY_GATEWAY__ID": "g7", "HOME": "x"}
    config = load(path, environment)
    assert (config.server.port, config.gateway.id) == (2, "g7")
    rows = {row.key: (row.value, row.origin) for row in shown(path, environment)}
    assert rows["server.port"] == (2, "EDGE_GATEWAY_SERVER__PORT")
    assert rows["log.level"] == ("debug", f"{path}:5")
    assert rows["server.host"] == ("127.0.0.1", "default")
    with pytest.raises(ConfigError, match=r"server\.prot: unknown key"):
        load(path, {"EDGE_GATEWAY_SERVER__PROT": "2"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[destination]]\nname = "a"\nterminals = ["abc"]', "destination.0.terminals"),
        ('[[destination]]\nname = "a"\nmessage_ids = [0x8300]', "destination.0.message_ids"),
        ('[[destination]]\nname = "a"\nmessage_ids = [70000]', "nothing would be delivered"),
        ('[[destination]]\nname = "commands"', "destination.0.name"),
        ("[commands]\nmqtt = true\n[mqtt]\nenabled = false", "commands.mqtt"),
        ("[media]\nattachments = true\nport = 7808", "media.port: 7808 is server.port already"),
        (
            '[api]\nenabled = true\nport = 7881\n[metrics]\nenabled = true\nhost = "0.0.0.0"',
            "metrics.port: 7881",
        ),
    ],
)
def test_what_would_lose_reports_or_fail_at_the_start_is_found_by_check(tmp_path, text, problem):
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(problem)):
        load(path, {})


def test_ports_of_what_is_off_or_on_other_addresses_may_be_alike(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text('[api]\nenabled = true\nport = 7808\nhost = "127.0.0.2"\n[media]\nport = 7808')
    assert load(path, {}).api.port == 7808
