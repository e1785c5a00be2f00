"""What a 0x0200 costs (2019 header, five additional items): read from a stream, decoded, written, explained,
each way that the project has, beside construct in the same run.
"""

from collections.abc import Callable

from protocols.jt808 import codec, fast, oracle, walk
from protocols.jt808.batch import decode_positions
from protocols.jt808.catalog import MESSAGES
from protocols.jt808.explain import explain_frame
from protocols.jt808.generated import DECODERS
from protocols.jt808.layouts import SAMPLE, SIGHTINGS
from protocols.wire import bodies, tables
from protocols.wire.bcd import digits_to_bcd
from protocols.wire.framing import FrameSplitter, PortableSplitter, build_frame, open_frame
from protocols.wire.header import EDITION_2019, build_header, parse_header

from .figures import Figure, interleaved

POSITION = tables.MSG_POSITION_REPORT
# 31.230416 N 121.473701 E, 60.5 km/h; odometer, fuel, recorder speed, signal, satellites
BODY = bytes.fromhex(
    "000000000000000301dc89d0073d8aa5000c025d005a250102030405"
    + "010400012345 02020190 0302025a 300119 31010c"
)
FRAMES_A_READ = 100
BATCHES = (64, 256, 1024)
FULL = "frame, header and body, "
COMPILED_NOTE = "construct compiles the struct, not this project's own classes"


def report_frame(serial: int = 1) -> bytes:
    """One frame as a 2019 terminal sends it, 70 bytes or so."""
    return build_frame(_header(serial) + BODY)


def decode_frame(frame: bytes) -> dict:
    """Unescape, check, header, body: everything a decoder has to do."""
    _, values = fast.decode_payload(open_frame(frame[1:-1]))
    assert values is not None
    return values


def figures() -> list[Figure]:
    """Ratios are against construct itself, in each group."""
    decoding, reading, writing, other = _decoding(), _reading(), _writing(), _other()
    costs = interleaved({**decoding, **reading, **writing, **other}, rounds=5)
    for name in reading:
        costs[name] /= FRAMES_A_READ
    for count in BATCHES:
        costs[_batch_name(count)] /= count
    notes = {"body by compiled construct": COMPILED_NOTE, FULL + "compiled construct": COMPILED_NOTE}
    if FrameSplitter is PortableSplitter:
        notes["split and verified, portable"] = "no C twin: not built, or DIANYUN_PURE is set"
    full = costs[FULL + "construct"]
    groups = (
        ("decode one 0x0200", decoding, costs["body by construct"]),
        (f"stream feed, {FRAMES_A_READ} a read", reading, full),
        ("encode one 0x0200", writing, costs["frame built by construct"]),
        ("for people", other, full),
    )
    return [
        Figure(group, name, costs[name], "ns", base / costs[name], notes.get(name, ""))
        for group, names, base in groups
        for name in names
    ]


Measured = dict[str, Callable[[], object]]


def _decoding() -> Measured:
    frame = report_frame()
    payload = open_frame(frame[1:-1])
    loop = DECODERS[EDITION_2019][POSITION]
    for _ in range(SAMPLE * SIGHTINGS + 1):
        fast.decode_body(POSITION, EDITION_2019, BODY)  # until its order of items is known
    compiled = MESSAGES[POSITION].bodies[EDITION_2019].compile()
    measured: Measured = {
        "body by construct": lambda: oracle.decode_body(POSITION, EDITION_2019, BODY),
        "body by compiled construct": lambda: compiled.parse(BODY),
        "body by the portable table codec": lambda: bodies.decode_body(POSITION, EDITION_2019, BODY),
        "body by the generated decoder, any items": lambda: loop(BODY, 0, len(BODY)),
        "body by the generated decoder, items in a known order": lambda: fast.decode_body(
            POSITION, EDITION_2019, BODY
        ),
        "payload, header and body, generated": lambda: fast.decode_payload(payload),
        FULL + "construct": lambda: _decoded_by(oracle.decode_body, frame),
        FULL + "compiled construct": lambda: _decoded_by(lambda *three: compiled.parse(three[2]), frame),
        FULL + "generated": lambda: decode_frame(frame),
    }
    for count in BATCHES:
        batch = [_moved(number) for number in range(count)]
        measured[_batch_name(count)] = lambda batch=batch: decode_positions(batch)
    return measured


def _reading() -> Measured:
    chunk = b"".join(report_frame(serial) for serial in range(FRAMES_A_READ))
    measured: Measured = {}
    for name, twin in (("portable", PortableSplitter), ("C", FrameSplitter)):
        if name == "portable" or twin is not PortableSplitter:
            splitter = twin()
            splitter.receive(b"\x7e")
            measured[f"split and verified, {name}"] = lambda receive=splitter.receive: receive(chunk)
    return measured


def _writing() -> Measured:
    values = walk.decode_body(POSITION, EDITION_2019, BODY)
    return {
        "frame built by construct": lambda: build_frame(
            _header(1) + oracle.encode_body(POSITION, EDITION_2019, values)
        ),
        "frame built along the plan": lambda: build_frame(
            _header(1) + walk.encode_body(POSITION, EDITION_2019, values)
        ),
        "frame built by the portable table codec": lambda: build_frame(
            _header(1) + bodies.encode_body(POSITION, EDITION_2019, values)
        ),
    }


def _other() -> Measured:
    frame = report_frame()
    payload = open_frame(frame[1:-1])
    message = codec.decode_payload(payload)
    return {
        "explain (lines for people)": lambda: explain_frame(frame),
        "jt808 decode (JSON values)": lambda: codec.decode_payload(payload),
        "jt808 encode (JSON values)": lambda: codec.encode_message(message),
    }


def _decoded_by(decode: Callable[[int, int, bytes], object], frame: bytes) -> object:
    payload = open_frame(frame[1:-1])
    header = parse_header(payload)
    return decode(header.message_id, header.edition, payload[header.body_at :])


def _moved(number: int) -> bytes:
    """The report from another place, so that no two of a batch are alike."""
    return BODY[:8] + number.to_bytes(4, "big") + BODY[12:]


def _batch_name(count: int) -> str:
    return f"bodies in columns, {count:,} at once"


def _header(serial: int) -> bytes:
    return build_header(POSITION, len(BODY), digits_to_bcd("13800138000", 10), serial)
