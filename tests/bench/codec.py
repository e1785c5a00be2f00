"""What reading one full 0x0200 costs (2019 header, five additional items), each way that the project has."""

from protocols.jt808 import fast, oracle
from protocols.jt808.catalog import MESSAGES
from protocols.wire import bodies, tables
from protocols.wire.bcd import digits_to_bcd
from protocols.wire.framing import FrameSplitter, build_frame, open_frame
from protocols.wire.header import EDITION_2019, build_header, parse_header

from .figures import Figure, interleaved

POSITION = tables.MSG_POSITION_REPORT
# 31.230416 N 121.473701 E, 60.5 km/h; odometer, fuel, recorder speed, signal, satellites
BODY = bytes.fromhex(
    "000000000000000301dc89d0073d8aa5000c025d005a250102030405"
    + "010400012345 02020190 0302025a 300119 31010c"
)


def report_frame(serial: int = 1) -> bytes:
    """One frame as a 2019 terminal sends it, 70 bytes or so."""
    header = build_header(POSITION, len(BODY), digits_to_bcd("13800138000", 10), serial)
    return build_frame(header + BODY)


def decode_frame(frame: bytes) -> dict:
    """Unescape, check, header, body: everything a decoder has to do."""
    payload = open_frame(frame[1:-1])
    header = parse_header(payload)
    return fast.decode_body(header.message_id, header.edition, payload[header.body_at :])


def figures() -> list[Figure]:
    """Ratios are against the construct declaration itself."""
    frame = report_frame()
    compiled = MESSAGES[POSITION].bodies[EDITION_2019].compile()
    splitter, chunk = FrameSplitter(), b"".join(report_frame(serial) for serial in range(100))
    splitter.receive(frame)
    costs = interleaved(
        {
            "body by construct": lambda: oracle.decode_body(POSITION, EDITION_2019, BODY),
            "body by compiled construct": lambda: compiled.parse(BODY),
            "body by the portable table codec": lambda: bodies.decode_body(POSITION, EDITION_2019, BODY),
            "body by the generated decoder": lambda: fast.decode_body(POSITION, EDITION_2019, BODY),
            "frame, header and body, generated": lambda: decode_frame(frame),
            "stream feed only, 100 frames a read": lambda: splitter.receive(chunk),
        }
    )
    costs["stream feed only, 100 frames a read"] /= 100
    base = costs["body by construct"]
    notes = {"body by compiled construct": "construct compiles the struct, not this project's own classes"}
    return [
        Figure("decode one 0x0200", name, cost, "ns", base / cost, notes.get(name, ""))
        for name, cost in costs.items()
    ]
