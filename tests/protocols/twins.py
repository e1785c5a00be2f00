"""The two twins of the stream splitter, and what can be seen of one."""

from typing import Any

import pytest

from protocols.wire import framing
from protocols.wire.framing import FrameSplitter, PortableSplitter

BUILT = FrameSplitter is not PortableSplitter
needs_accelerator = pytest.mark.skipif(
    not BUILT, reason="protocols.wire._accelerator was not built, or DIANYUN_PURE is set"
)
TWINS = [
    pytest.param(PortableSplitter, id="portable"),
    pytest.param(framing.FrameSplitter, id="C", marks=needs_accelerator),
]


def state(splitter: Any) -> tuple[int, int, int]:
    """The counters."""
    return splitter.frames, splitter.rejected, splitter.garbage_bytes


def refusals(splitter: Any) -> list[tuple[Any, ...]]:
    """Everything that can be known of the refusals."""
    return [
        (type(error), error.args, error.reason, error.message_id, error.field, error.offset, str(error), raw)
        for error, raw in splitter.rejections()
    ]
