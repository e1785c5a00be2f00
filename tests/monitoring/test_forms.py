"""Both written forms give back what went in, and nothing but RemoteProtocolError for what is no batch."""

import json
import random
import struct
import tracemalloc
import zlib

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.monitoring import columnar
from protocols.monitoring.batch import COUNT_MAX, Batch
from protocols.monitoring.columns import varint
from protocols.monitoring.forms import decode_batch, encode_batch, name_of_batch
from protocols.monitoring.records import Record
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

from .mix import make_mix
from .strategies import batches

FORMS = [("columnar", "zstd"), ("columnar", "zlib"), ("columnar", "none"), ("json", "none")]
RECORD = Record(7, 1_763_700_000_123, "013800138000", 2013, 0, 0x0200, 9, 0, bytes(28))


@pytest.mark.parametrize(("form", "compression"), FORMS)
@given(batch=batches())
def test_every_batch_comes_back(form: str, compression: str, batch: Batch) -> None:
    payload = encode_batch(batch, form, compression)
    assert decode_batch(payload) == batch
    assert name_of_batch(payload) == batch.batch_id


@pytest.mark.parametrize(("form", "compression"), FORMS)
def test_a_large_realistic_batch_comes_back(form: str, compression: str) -> None:
    batch = Batch("gw-1", make_mix(3000))
    assert decode_batch(encode_batch(batch, form, compression)) == batch


@pytest.mark.parametrize(("vehicles", "count", "most"), [(5000, 1000, 25), (500, 1000, 20), (5000, 100, 28)])
def test_the_line_costs_few_bytes_a_position(vehicles: int, count: int, most: int) -> None:
    payload = encode_batch(Batch("gw-1", make_mix(count, vehicles)))
    assert len(payload) / count <= most


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"received_ms": -1}, "received_ms"),
        ({"phone": "1380013800"}, "phone"),
        ({"edition": 2021}, "edition"),
        ({"version": 1}, "version"),
        ({"version": 256, "phone": "00000000013800138000"}, "version"),
        ({"serial": 65536}, "serial"),
        ({"kind": 5}, "kind"),
        ({"kind": 4}, "message_id"),
        ({"kind": 4, "message_id": 0x0704}, "message_id"),
        ({"kind": 4, "message_id": 0x0701, "body": bytes(256 * 1024 + 1)}, "body"),
        ({"message_id": 0x0704}, "message_id"),
        ({"body": bytes(27)}, "body"),
        ({"sequence": 0}, "sequence"),
    ],
)
def test_a_record_outside_the_contract_is_our_fault(change: dict, field: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        encode_batch(Batch("gw", [RECORD._replace(**change)]))
    assert caught.value.field == field


def test_gaps_and_empty_batches_and_wrong_gateways_are_refused() -> None:
    for batch in (
        Batch("gw", [RECORD, RECORD._replace(sequence=9)]),
        Batch("gw", [RECORD, RECORD]),
        Batch("gw", []),
        Batch("g/w", [RECORD]),
        Batch("gw", make_mix(COUNT_MAX + 1)),
    ):
        with pytest.raises(LocalProtocolError):
            encode_batch(batch)


def test_a_batch_too_large_to_be_expanded_is_not_written() -> None:
    large = [record._replace(body=bytes(60_000)) for record in make_mix(150)]
    with pytest.raises(LocalProtocolError) as caught:
        columnar.encode(Batch("gw", large))
    assert caught.value.field == "content"


@given(batch=batches(), data=st.data())
@settings(max_examples=150)
def test_a_damaged_columnar_message_is_refused(batch: Batch, data: st.DataObject) -> None:
    message = bytearray(columnar.encode(batch, data.draw(st.sampled_from(["zstd", "zlib", "none"]))))
    at = data.draw(st.integers(0, len(message) - 1))
    message[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(RemoteProtocolError) as caught:
        columnar.decode(bytes(message))
    assert caught.value.field


def _with_check(message: bytes) -> bytes:
    return message + zlib.crc32(message).to_bytes(4, "big")


def test_a_hostile_columnar_message_raises_only_the_remote_error() -> None:
    """The CRC is made right again, so that the reader behind it is what is tried."""
    seed = random.randrange(2**32)
    print("seed", seed)
    dice = random.Random(seed)
    messages = [columnar.encode(Batch("gw", make_mix(n, 5, seed=n)), "none")[:-4] for n in (1, 2, 40)]
    refused = 0
    for _ in range(6000):
        hostile = bytearray(dice.choice(messages))
        for _ in range(dice.randrange(1, 4)):
            hostile[dice.randrange(len(hostile))] = dice.randrange(256)
        if dice.random() < 0.2:
            del hostile[dice.randrange(len(hostile)) :]
        try:
            columnar.decode(_with_check(bytes(hostile)))
        except RemoteProtocolError as error:
            refused += 1
            assert error.field
    assert refused > 1000


def _bomb(code: int, packed: bytes, says: int) -> bytes:
    head = columnar.MAGIC + bytes([1, code, 2]) + b"gw" + varint(1) + varint(5) + varint(says)
    return _with_check(head + packed)


def test_a_bomb_does_not_explode() -> None:
    size = 96 * 1024 * 1024
    huge = zlib.compressobj(9)
    chunk = bytes(1024 * 1024)
    zipped = b"".join([huge.compress(chunk) for _ in range(96)]) + huge.flush()
    packer = zstandard.ZstdCompressor(level=3).compressobj(size=size)
    zstd = b"".join([packer.compress(chunk) for _ in range(96)]) + packer.flush()
    tracemalloc.start()
    for code, packed in ((1, zipped), (2, zstd)):
        with pytest.raises(RemoteProtocolError) as caught:
            columnar.decode(_bomb(code, packed, 1000))
        assert caught.value.field == "content"
    with pytest.raises(RemoteProtocolError):
        columnar.decode(_bomb(2, zstd, size))
    assert tracemalloc.get_traced_memory()[1] < 40 * 1024 * 1024
    tracemalloc.stop()


def test_a_content_that_claims_much_allocates_little() -> None:
    """Counts in the millions with nothing behind them are refused before memory is taken."""
    for content in (
        varint(2**60),
        varint(5) + b"\x08" + bytes(40),
        varint(1) + b"\x01\xff" + b"\x08" + b"\xff" * 8,
    ):
        message = _bomb(0, content, len(content))
        with pytest.raises(RemoteProtocolError):
            columnar.decode(message)


@given(
    payload=st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(lambda tail: columnar.MAGIC + tail))
)
def test_noise_is_no_batch(payload: bytes) -> None:
    for read in (decode_batch, name_of_batch):
        with pytest.raises(RemoteProtocolError):
            read(payload)


JSON_BATCH = encode_batch(Batch("gw", [RECORD]), "json").decode()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("position-batch/1", "position-batch/2", "schema"),
        ('"first_sequence":7', '"first_sequence":0', "first_sequence"),
        ('"first_sequence":7', '"first_sequence":7.0', "first_sequence"),
        ('"count":1', '"count":true', "count"),
        ('"count":1', '"count":2', "count"),
        ('"batch":"gw/7/1"', '"batch":"gw/7/2"', "batch"),
        ('"gateway":"gw"', '"gateway":"g w"', "gateway"),
        ('"sequence":7,"record', '"sequence":8,"record', "records[0].sequence"),
        ('"kind":"live"', '"kind":"dead"', "records[0].kind"),
        ('"serial":9', '"serial":-9', "records[0].serial"),
        ('"message_id":"0x0200"', '"message_id":"0x0704"', "records[0].message_id"),
        (
            '"received_at":"2025-11-21T04:40:00.123Z"',
            '"received_at":"2025-11-21 04:40"',
            "records[0].received_at",
        ),
        ('"received_at":"2025-11-21T04:40:00.123Z"', '"received_at":null', "records[0].received_at"),
        ('"phone":"013800138000"', '"phone":"013800138001"', "records[0].record_id"),
        ('"phone":"013800138000"', '"phone":"+8613800138000"', "records[0].record_id"),
        ('"body":"00', '"body":"0', "records[0].body"),
        ('"body":"00', '"body":"FF', "records[0].body"),
        ('"edition":2013', '"edition":2012', "records.edition"),
        ('"version":0', '"version":256', "records[0].version"),
        ('"version":0', '"version":1', "records.version"),
        ('"records":[', '"records":[7,', "records[0]"),
    ],
)
def test_a_wrong_json_batch_names_the_path(old: str, new: str, field: str) -> None:
    assert old in JSON_BATCH
    with pytest.raises(RemoteProtocolError) as caught:
        decode_batch(JSON_BATCH.replace(old, new, 1).encode())
    assert caught.value.field == field


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"schema":' * 50_000]
)
def test_json_of_another_kind_is_refused(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_batch(payload)


def test_the_head_of_a_damaged_batch_still_names_it() -> None:
    message = columnar.encode(Batch("gw-9", make_mix(20)))
    assert name_of_batch(message[:-30]) == "gw-9/1/20"
    with pytest.raises(RemoteProtocolError):
        decode_batch(message[:-30])


def test_southern_and_western_reports_read_signed() -> None:
    body = struct.pack(">IIIIHHH", 0, 0b1110, 33_000_000, 70_000_000, 0, 0, 0) + bytes.fromhex("260101080000")
    text = encode_batch(Batch("gw", [RECORD._replace(body=body)]), "json").decode()
    assert '"latitude":-33.0,"longitude":-70.0' in text
    assert '"reported_at":"2026-01-01T00:00:00.000Z"' in text


PURE_BATCH_CRC = 3574537602
WAYBILL = Record(
    8, 1_763_700_000_500, "013800138000", 2013, 0, 0x0701, 10, 4, bytes.fromhex("00000003616263")
)


def test_pure_positions_cost_no_byte_for_messages() -> None:
    """Byte for byte what version 1 always was: the digest is of a batch written before messages came."""
    payload = encode_batch(Batch("gw-1", make_mix(50)), "columnar", "none")
    assert payload[4] == columnar.VERSION
    assert zlib.crc32(payload) == PURE_BATCH_CRC


def test_a_message_is_read_where_it_is_declared() -> None:
    payload = encode_batch(Batch("gw", [RECORD, WAYBILL]), "json")
    document = json.loads(payload)["records"][1]
    assert (document["kind"], document["message_id"], document["position"]) == ("message", "0x0701", None)
    assert document["report"]
    unknown = WAYBILL._replace(message_id=0x0F77, sequence=9)
    assert json.loads(encode_batch(Batch("gw", [unknown]), "json"))["records"][0]["report"] is None


def test_messages_beside_positions_hardly_disturb_their_columns() -> None:
    positions = make_mix(1000, 5000)
    alone = len(encode_batch(Batch("gw", positions)))
    mixed = [
        record._replace(kind=4, message_id=0x0301, body=b"\x07") if at % 100 == 0 else record
        for at, record in enumerate(positions)
    ]
    assert len(encode_batch(Batch("gw", mixed))) <= alone * 1.02


@pytest.mark.parametrize("flags", [0, 4, 127])
def test_unknown_flags_are_refused(flags: int) -> None:
    payload = bytearray(encode_batch(Batch("gw", [RECORD, WAYBILL]), "columnar", "none"))
    at = columnar._Head(bytes(payload)).content_at
    payload[at] = flags
    payload[-4:] = zlib.crc32(payload[:-4]).to_bytes(4, "big")
    with pytest.raises(RemoteProtocolError) as caught:
        decode_batch(bytes(payload))
    assert caught.value.field == "flags"
