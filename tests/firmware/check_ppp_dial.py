"""Dialling: from any state of the modem to CONNECT, and again after a failure. Portable."""

from harness import run

from firmware.board.ladder import Ladder
from firmware.board.ppp_dial import CONNECTED, PppDial

DIAL = b"ATD*99***1#"


def play(answers, turns=200, pass_ms=100):
    """Dials with a modem that answers by `answers`: command -> list of replies, the last for good."""
    ladder = Ladder(0)
    dial = PppDial(b"cmiot", ladder, 0)
    asked = []
    now_ms = 0
    for _ in range(turns):
        now_ms += pass_ms
        data = dial.serve(now_ms)
        if dial.state == CONNECTED:
            break
        if data == b"+++":
            asked.append(data)
        elif data:
            command = data[:-1]
            asked.append(command)
            replies = answers.get(command, [b"\r\nOK\r\n"])
            dial.feed(replies.pop(0) if len(replies) > 1 else replies[0])
    return dial, asked, ladder


def check_dials_in_order():
    answers = {DIAL: [b"\r\nCONNECT 115200\r\n"], b"AT+CSQ": [b"\r\n+CSQ: 18,99\r\n\r\nOK\r\n"]}
    dial, asked, ladder = play(answers)
    assert dial.state == CONNECTED
    assert asked == [b"+++", b"ATH", b"ATE0", b"AT+CSQ", b'AT+CGDCONT=1,"IP","cmiot"', DIAL], asked
    assert dial.signal == 18 and ladder.counts == [0, 0, 0, 0]


def check_nothing_to_hang_up_is_no_failure():
    dial, asked, _ = play({DIAL: [b"CONNECT\r\n"], b"ATH": [b"ERROR\r\n"]})
    assert dial.state == CONNECTED and asked.count(DIAL) == 1


def check_no_carrier_dials_again():
    dial, asked, _ = play({DIAL: [b"\r\nNO CARRIER\r\n", b"\r\nCONNECT\r\n"]})
    assert dial.state == CONNECTED and asked.count(DIAL) == 2 and asked.count(b"+++") == 2


def check_a_mute_modem_is_asked_for_ever():
    dial, asked, ladder = play({DIAL: [b""]}, turns=3000)
    assert dial.state != CONNECTED and asked.count(DIAL) >= 3
    assert dial.port.timeouts >= 3 and ladder.due(10**7) == 0  # failures are counted, five make a rung


run(globals())
