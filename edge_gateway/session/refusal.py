"""Why a message is not taken, as an exception of the room: `core` makes the answer and the counter of it."""

from collections.abc import Sequence


class Refusal(Exception):
    """result: of the 0x8001. cause: the counter's name. serials: of the packages, when there are several."""

    def __init__(self, result: int, cause: str, serials: Sequence[int] | None = None) -> None:
        super().__init__(cause)
        self.result = result
        self.cause = cause
        self.serials = serials
