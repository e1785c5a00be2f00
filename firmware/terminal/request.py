"""One message that waits for its answer: sent, sent again with the same serial and bytes, given up.

Knows neither what the message says nor who answers.
"""

from .waits import answer_wait_ms

IDLE = 0  # nothing is outstanding
TO_SEND = 1
WAITING = 2


class Request:
    """start() → take() → answered with stop(), or late() again and again.

    frame: the bytes on the line. serial, message_id: what the answer names. deadline_ms: when the wait ends.
    """

    __slots__ = ("deadline_ms", "frame", "message_id", "retransmissions", "serial", "state")

    def __init__(self):
        self.state = IDLE
        self.frame = None
        self.serial = self.message_id = self.retransmissions = self.deadline_ms = 0

    def start(self, message_id, serial, frame):
        """The message is to be sent."""
        self.message_id = message_id
        self.serial = serial
        self.frame = frame
        self.retransmissions = 0
        self.state = TO_SEND

    def take(self, settings, now_ms):
        """The frame goes on the line now; the wait for the answer begins."""
        self.state = WAITING
        self.deadline_ms = now_ms + answer_wait_ms(
            settings.answer_timeout_s, self.retransmissions, settings.answer_timeout_max_s
        )
        return self.frame

    def late(self, settings, now_ms):
        """Looks at the clock: sends again when it is time. True when no retransmission is left."""
        if self.state != WAITING or now_ms < self.deadline_ms:
            return False
        if self.retransmissions >= settings.retransmissions:
            return True
        self.retransmissions += 1
        self.state = TO_SEND
        return False

    def answers(self, message_id, serial):
        """Whether an answer that names these is the answer to this request, which has been on the line."""
        sent = self.state == WAITING or (self.state == TO_SEND and self.retransmissions > 0)
        return sent and self.serial == serial and self.message_id == message_id

    def stop(self):
        """Answered, or of no use any more."""
        self.state = IDLE
        self.frame = None
