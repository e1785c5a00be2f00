"""A question with answers to choose from (0x8302); the page `keypad` sends the answer (0x0302)."""

from protocols.wire.tables import RESULT_FAILED, RESULT_OK

from . import titles
from .console import QUESTION

QUESTION_URGENT = 0x01
QUESTION_SPOKEN = 0x08
ANSWERS_MAX = 9  # each has a digit key


def ask(terminal, header, values, now_ms):
    """Result 1 when there are more answers than keys, or too much waits already."""
    console = terminal.view.console
    answers = values["answers"]
    if not 1 <= len(answers) <= ANSWERS_MAX:
        return RESULT_FAILED
    text = values["question"]
    for number in range(len(answers)):
        text += b"\n%d " % (number + 1) + answers[number]["content"]
    if values["flag"] & QUESTION_SPOKEN and console.speak is not None:
        console.speak(values["question"])
    extra = (header.serial, bytes([answer["id"] for answer in answers]))
    first = values["flag"] & QUESTION_URGENT
    shown = console.put(QUESTION, titles.QUESTION_TITLE, text, extra, 0, first, now_ms)
    return RESULT_OK if shown else RESULT_FAILED
