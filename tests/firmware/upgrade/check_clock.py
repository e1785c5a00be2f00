"""A clock that is wrong: nonsense from 0x8004, a receiver whose weeks have rolled over. Portable."""

from harness import run
from platform_script import Road

from firmware.terminal.ram_files import RamFiles
from firmware.terminal.store import Store


def online(**settings):
    files = RamFiles()
    made = Road(files, Store(files), edition=2019, **settings)
    made.pass_ms(200)
    assert made.terminal.state == "online"
    return made


def check_nonsense_of_the_platform_is_not_believed():
    nonsense = (
        "260302240000",
        "260302016000",
        "260302010060",
        "26030201000a",
        "2603020a0000",
        "26030f010000",
        "260a02010000",
        "a60302010000",
        "26030201f000",
        "261302010000",
        "260332010000",
        "ffffffffffff",
        "000000000000",
    )
    for digits in nonsense:
        made = online()
        made.send(0x8004, body=bytes.fromhex(digits))
        assert not made.terminal.clock.known, digits
        made.send(0x8004, body=bytes.fromhex("260302235959"))
        assert made.terminal.clock.known, "the next one may be right"


def check_a_week_rollover_is_put_right_by_the_setting():
    made = online(interval_s=1, earliest_day=9500)
    made.terminal.feed_gnss(*old_fix(made.now_ms))
    made.pass_ms(1000)
    assert made.terminal.clock.day == 2373 + 7168 and made.emitted
    made = online(interval_s=1)
    made.terminal.feed_gnss(*old_fix(made.now_ms))
    made.pass_ms(1000)
    assert made.terminal.clock.day == 2373, "without the setting nobody knows"


def old_fix(now_ms):
    """2006-07-01, which is 1,024 weeks before 2026-02-14."""
    data = b""
    for text in (
        "GNGGA,010000.00,2501.0,N,10243.0,E,1,9,1.0,1891.0,M,,M,,",
        "GNRMC,010000.00,A,2501.0,N,10243.0,E,30.0,90.0,010706,,,A",
    ):
        check = 0
        for character in text:
            check ^= ord(character)
        data += b"$%s*%02X\r\n" % (text.encode(), check)
    return data, len(data), now_ms


run(globals())
