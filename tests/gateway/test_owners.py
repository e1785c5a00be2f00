"""Whose a connection is, by its first bytes; sums of what workers say; what each is configured to be."""

from edge_gateway.config import Config
from edge_gateway.config_file import parse
from edge_gateway.status import summed
from edge_gateway.supervisor.plan import config_of
from edge_gateway.workers import Share, owner_of
from edge_gateway.workers.owners import FIRST_BYTES_MAX, FirstWords

from .support import frame

PHONE = bytes.fromhex("013800138000")
HEARTBEAT = frame(0x0002, phone=PHONE)


def test_the_first_good_frame_tells_whose_a_connection_is_however_it_is_cut():
    for at in range(1, len(HEARTBEAT)):
        words = FirstWords()
        assert words.hear(b"noise\x7e" + HEARTBEAT[:at]) is None
        assert words.hear(HEARTBEAT[at:]) == "13800138000"
        assert words.data == b"noise\x7e" + HEARTBEAT


def test_noise_is_nobodys_in_the_end():
    words = FirstWords()
    assert words.hear(b"\x55" * (FIRST_BYTES_MAX - 1)) is None
    assert words.hear(b"\x55") == ""


def test_a_wrong_check_byte_tells_it_only_where_profiles_forgive_that():
    damaged = HEARTBEAT[:-2] + bytes([HEARTBEAT[-2] ^ 1]) + HEARTBEAT[-1:]
    assert FirstWords().hear(damaged) is None
    assert FirstWords(lenient=True).hear(damaged) == "13800138000"


def test_a_balancer_speaks_first():
    header = b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 7808\r\n"
    words = FirstWords(balanced=True)
    assert words.hear(header[:10]) is None
    assert words.hear(header[10:] + HEARTBEAT) == "13800138000"
    assert FirstWords(balanced=True).hear(HEARTBEAT) == "", "the one who judges headers may refuse it"


def test_terminals_spread_and_each_has_one_owner():
    phones = [str(13_800_000_000 + number) for number in range(4000)]
    for count in (2, 3, 8):
        shares = [Share(index, count) for index in range(count)]
        assert all(sum(share.owns(phone) for share in shares) == 1 for phone in phones)
        sizes = [sum(owner_of(phone, count) == index for phone in phones) for index in range(count)]
        assert min(sizes) > 0.8 * len(phones) / count


def test_each_worker_gets_names_and_a_share(tmp_path):
    config = parse(
        {"server": {"workers": 3, "max_connections": 10}, "gateway": {"id": "g", "data_dir": str(tmp_path)}}
    )
    ours = [config_of(config, index) for index in range(3)]
    assert [one.gateway.id for one in ours] == ["g-w0", "g-w1", "g-w2"]
    assert [one.journal_path for one in ours] == config.journal_paths
    assert {one.server.max_connections for one in ours} == {4}
    assert Config.model_validate_json(ours[1].model_dump_json()) == ours[1], "as it is told to the worker"


def test_journals_of_another_number_of_workers_are_found_whichever_way_it_changed(tmp_path):
    def config_with(workers):
        return parse({"gateway": {"data_dir": str(tmp_path)}, "server": {"workers": workers}})

    for path in (config_with(1).journal_path, *config_with(4).journal_paths):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert config_with(1).old_journal_paths == config_with(4).journal_paths
    assert config_with(2).old_journal_paths == sorted(
        [config_with(1).journal_path, *config_with(4).journal_paths[2:]]
    )
    assert config_with(4).old_journal_paths == [config_with(1).journal_path]


def test_figures_of_workers_add_up_to_those_of_one():
    one = {
        "connections": 2,
        "oldest_age_ms": 5,
        "connected": True,
        "last_error": "",
        "counters": {"a": 1},
        "media": None,
    }
    other = {
        "connections": 3,
        "oldest_age_ms": 9,
        "connected": False,
        "last_error": "x",
        "counters": {"b": 1},
        "media": 1,
    }
    assert summed([one, other]) == {
        "connections": 5,
        "oldest_age_ms": 9,
        "connected": False,
        "last_error": "x",
        "counters": {"a": 1, "b": 1},
        "media": 1,
    }
