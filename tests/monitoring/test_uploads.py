"""Freight documents on the line: lossless, limited, and nothing but RemoteProtocolError for what is none."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import protocols.monitoring
from protocols.freight.consent import Purpose
from protocols.freight.documents import Kind
from protocols.monitoring.documents import (
    PAYLOAD_BYTES_MAX,
    REVISION_MAX,
    DocumentReceipt,
    Item,
    Result,
    ResultCode,
    Upload,
    decode_document_receipt,
    decode_upload,
    encode_document_receipt,
    encode_upload,
)
from protocols.monitoring.topics import (
    DEFAULT_PREFIX,
    SEQUENCE_MAX,
    anchors_topic,
    codes_topic,
    document_receipts_topic,
    documents_topic,
    snapshots_topic,
)
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

FOLDER = Path(protocols.monitoring.__file__).parent
ASYNCAPI: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text("utf-8"))
UPLOAD_SCHEMA, RECEIPT_SCHEMA, CODE_SCHEMA = (
    json.loads((FOLDER / f"{name}-1.schema.json").read_text("utf-8"))
    for name in ("document-upload", "document-receipt", "code-down")
)
members = st.dictionaries(st.text(max_size=10), st.one_of(st.text(max_size=20), st.integers(), st.none()))
references = st.text("0123456789abcdefXYZ_-", min_size=1, max_size=35)
items = st.builds(
    Item,
    references,
    st.sampled_from(Kind),
    st.integers(1, REVISION_MAX),
    st.sampled_from(Purpose),
    members,
)
results = st.builds(
    Result, references, st.sampled_from(ResultCode), st.text(max_size=200), st.text(max_size=200)
)


@given(st.integers(1, SEQUENCE_MAX), st.lists(items, min_size=1, max_size=5, unique_by=lambda i: i.reference))
def test_an_upload_comes_back(number: int, documents: list[Item]) -> None:
    upload = Upload("gw-1", number, tuple(documents))
    payload = encode_upload(upload)
    assert decode_upload(payload) == upload
    jsonschema.Draft202012Validator(UPLOAD_SCHEMA).validate(json.loads(payload))


@given(st.lists(results, max_size=5))
def test_a_receipt_comes_back(answers: list[Result]) -> None:
    receipt = DocumentReceipt("gw-1/7", tuple(answers))
    payload = encode_document_receipt(receipt)
    assert decode_document_receipt(payload) == receipt
    jsonschema.Draft202012Validator(RECEIPT_SCHEMA).validate(json.loads(payload))


ITEM = Item("r1", Kind.WAYBILL, 1, Purpose.MONITORING, {"shippingNoteNumber": "W1"})


@pytest.mark.parametrize(
    ("upload", "field"),
    [
        (Upload("gw", 1, ()), "documents"),
        (Upload("gw", 1, (ITEM, ITEM)), "documents"),
        (Upload("gw", 0, (ITEM,)), "message"),
        (Upload("g w", 1, (ITEM,)), "gateway"),
        (Upload("gw", 1, (replace(ITEM, reference="r" * 36),)), "documents[0].reference"),
        (Upload("gw", 1, (replace(ITEM, revision=0),)), "documents[0].revision"),
        (Upload("gw", 1, (replace(ITEM, document={"a": "x" * PAYLOAD_BYTES_MAX}),)), "document"),
    ],
)
def test_an_upload_that_nobody_takes_is_our_fault(upload: Upload, field: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        encode_upload(upload)
    assert caught.value.field == field


GOOD = json.loads(encode_upload(Upload("gw", 3, (ITEM,))))
GOOD_RECEIPT = json.loads(
    encode_document_receipt(DocumentReceipt("gw/3", (Result("r1", ResultCode.FIELD_CHECK_FAILED, "a", "b"),)))
)


@pytest.mark.parametrize(
    ("member", "value", "field"),
    [
        ("v", 2, "v"),
        ("gateway", "g/w", "gateway"),
        ("message", "gw/0", "message"),
        ("message", "other/3", "message"),
        ("documents", {}, "documents"),
        ("documents", [1], "documents[0]"),
    ],
)
def test_a_wrong_upload_is_named_by_field(member: str, value: object, field: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        decode_upload(json.dumps(GOOD | {member: value}).encode())
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("member", "value"),
    [("kind", "WLHY_XX"), ("purpose", "curiosity"), ("document", []), ("revision", True), ("reference", "")],
)
def test_a_wrong_document_is_named_by_field(member: str, value: object) -> None:
    item = GOOD["documents"][0] | {member: value}
    with pytest.raises(RemoteProtocolError) as caught:
        decode_upload(json.dumps(GOOD | {"documents": [item]}).encode())
    assert caught.value.field == f"documents[0].{member}"


@pytest.mark.parametrize(("member", "value"), [("code", 1002), ("reference", "r 1"), ("field", None)])
def test_a_wrong_result_is_named_by_field(member: str, value: object) -> None:
    result = GOOD_RECEIPT["results"][0] | {member: value}
    with pytest.raises(RemoteProtocolError) as caught:
        decode_document_receipt(json.dumps(GOOD_RECEIPT | {"results": [result]}).encode())
    assert caught.value.field == f"results[0].{member}"


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_politely(payload: bytes) -> None:
    for decode in (decode_upload, decode_document_receipt):
        with pytest.raises(RemoteProtocolError):
            decode(payload)


def test_the_contract_has_our_topics_constants_and_examples() -> None:
    for name, topic in (
        ("documents", documents_topic),
        ("documentReceipts", document_receipts_topic),
        ("registers", snapshots_topic),
        ("codes", codes_topic),
        ("anchors", anchors_topic),
    ):
        assert ASYNCAPI["channels"][name]["address"].replace("{gateway}", "gw") == topic(DEFAULT_PREFIX, "gw")
    for schema in (UPLOAD_SCHEMA, RECEIPT_SCHEMA, CODE_SCHEMA):
        jsonschema.Draft202012Validator.check_schema(schema)
    item = UPLOAD_SCHEMA["properties"]["documents"]["items"]["properties"]
    assert item["kind"]["enum"] == [kind.value for kind in Kind]
    assert item["purpose"]["enum"] == [purpose.value for purpose in Purpose]
    assert item["revision"]["maximum"] == REVISION_MAX
    result = RECEIPT_SCHEMA["properties"]["results"]["items"]["properties"]
    assert result["code"]["enum"] == sorted(ResultCode)
    messages = ASYNCAPI["components"]["messages"]
    (upload,), (receipt,) = messages["documentUpload"]["examples"], messages["documentReceipt"]["examples"]
    assert decode_upload(json.dumps(upload["payload"]).encode()).number == 17
    answer = decode_document_receipt(json.dumps(receipt["payload"]).encode())
    assert answer.results[0].code is ResultCode.FIELD_CHECK_FAILED
