"""Whatever an authenticated terminal sends: nothing is raised, and silence is for answers only."""

import os
import random

import pytest

from edge_gateway.session import House, StoreMedia
from edge_gateway.session.handlers import CONTROL, HANDLERS
from edge_gateway.session.ids import UNANSWERED
from protocols.jt808.quirks import parse_profile
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header

from .session_desk import Desk
from .support import answers

FRAMES = 4000
LENIENT = parse_profile({"maker": "M", "model": "T", "checksum": {"wrong": True, "unescaped": True}})


def any_frame(dice, desk):
    """A frame of any id, body, encryption and package number; sometimes damaged."""
    message_id = dice.choice([*HANDLERS, dice.randrange(0x10000)])
    content = dice.randbytes(dice.choice([0, 1, 3, 7, 28, 60, dice.randrange(1023)]))
    total = dice.choice([0, 0, 0, 1, 2, 3])
    header = build_header(
        message_id, len(content), desk.phone, dice.randrange(65536),
        total=total, number=total and dice.randrange(total) + 1, encryption=dice.choice([0] * 9 + [1, 2]),
    )  # fmt: skip
    frame = bytearray(build_frame(header + content))
    if dice.random() < 0.1:
        frame[dice.randrange(len(frame))] ^= 1 << dice.randrange(8)
    return bytes(frame)


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
@pytest.mark.parametrize("lenient", [False, True])
def test_any_frames_of_any_message(edition, lenient):
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}")
    dice = random.Random(seed)
    house = House(media=True)
    if lenient:
        house = House(media=True, lenient=True, profile_of=lambda identity, device: LENIENT)
    desk = Desk(edition, house=house).log_in()
    for number in range(FRAMES):
        frame = any_frame(dice, desk)
        at = dice.randrange(len(frame))
        desk.say(frame[:at], now_ms=number * 10)
        desk.say(frame[at:], now_ms=number * 10)
        desk.session.tick(number * 10)
        for event in desk.events:
            if isinstance(event, StoreMedia):
                event.answer(dice.random() < 0.5)
        desk.events.clear()
        if desk.session.identity is None:  # it deregistered, or tried a wrong code
            desk = Desk(edition, house=house).log_in()
    desk.session.closed()
    assert house.budget.used >= 0


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_every_message_is_answered_or_is_an_answer(edition):
    """An empty body of each message: journalled, refused or answered at once; silence only for answers."""
    for message_id in sorted(set(HANDLERS) - set(CONTROL)):
        desk = Desk(edition, house=House(media=True)).log_in()
        said = [answer.brief for answer in answers(desk.say(desk.frame(message_id, b"", 5)))]
        said += desk.commit()
        assert said == ([] if message_id in UNANSWERED else [(message_id, 5, said[0][2])]), hex(message_id)
