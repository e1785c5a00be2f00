"""AsyncAPI and JSON Schemas say what the code does: checked against real messages and real constants."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings

import protocols.monitoring
from protocols.monitoring import batch, forms, receipt, topics
from protocols.monitoring.batch import Batch
from protocols.monitoring.records import KIND_MESSAGE_IDS, KIND_NAMES

from .mix import make_mix
from .strategies import batches

FOLDER = Path(protocols.monitoring.__file__).parent
BATCH_SCHEMA = json.loads((FOLDER / "position-batch-1.schema.json").read_text("utf-8"))
RECEIPT_SCHEMA = json.loads((FOLDER / "receipt-1.schema.json").read_text("utf-8"))
COMMAND_SCHEMA = json.loads((FOLDER / "command-1.schema.json").read_text("utf-8"))
RESULT_SCHEMA = json.loads((FOLDER / "command-result-1.schema.json").read_text("utf-8"))
ASYNCAPI: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text("utf-8"))
ARGUMENTS = ("gw", "gw/7/3", "ab" * 32)


def check(document: Any, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize("schema", [BATCH_SCHEMA, RECEIPT_SCHEMA, COMMAND_SCHEMA, RESULT_SCHEMA])
def test_the_schemas_are_schemas(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


@given(any_batch=batches())
@settings(max_examples=60)
def test_every_json_batch_obeys_its_schema(any_batch: Batch) -> None:
    check(json.loads(forms.encode_batch(any_batch, "json")), BATCH_SCHEMA)


def test_a_realistic_batch_obeys_its_schema() -> None:
    check(json.loads(forms.encode_batch(Batch("kunming-1", make_mix(50)), "json")), BATCH_SCHEMA)


@pytest.mark.parametrize(
    "answer",
    [
        receipt.Receipt(*ARGUMENTS, 3, 0),
        receipt.Receipt(*ARGUMENTS, 0, 2, (receipt.Rejection(bytes(16), "a reason " * 50),)),
        receipt.Receipt(*ARGUMENTS, 0, 0, error="x" * 500),
    ],
)
def test_every_receipt_obeys_its_schema(answer: receipt.Receipt) -> None:
    check(json.loads(receipt.encode_receipt(answer)), RECEIPT_SCHEMA)


def test_the_schemas_hold_the_constants_of_the_code() -> None:
    record = BATCH_SCHEMA["$defs"]["record"]["properties"]
    assert BATCH_SCHEMA["properties"]["schema"]["const"] == batch.SCHEMA
    assert BATCH_SCHEMA["properties"]["count"]["maximum"] == batch.COUNT_MAX
    assert BATCH_SCHEMA["$defs"]["gateway"]["pattern"] == f"^{topics.GATEWAY_ID_PATTERN}$"
    assert record["kind"]["enum"] == list(KIND_NAMES)
    carriers = {f"0x{number:04X}" for number in KIND_MESSAGE_IDS}
    kinds = BATCH_SCHEMA["$defs"]["record"]
    assert set(kinds["else"]["properties"]["message_id"]["enum"]) == carriers
    assert set(kinds["then"]["properties"]["message_id"]["not"]["enum"]) == carriers
    assert kinds["then"]["properties"]["body"]["maxLength"] == 2 * batch.MESSAGE_BYTES_MAX
    assert kinds["else"]["properties"]["body"]["maxLength"] == 2 * batch.BODY_BYTES_MAX
    assert kinds["else"]["properties"]["body"]["minLength"] == 2 * batch.BODY_BYTES_MIN
    assert record["edition"]["enum"] == list(batch.EDITIONS)
    assert RECEIPT_SCHEMA["properties"]["schema"]["const"] == receipt.SCHEMA
    assert RECEIPT_SCHEMA["properties"]["error"]["maxLength"] == receipt.REASON_LENGTH_MAX


def test_what_the_code_refuses_the_schema_refuses_too() -> None:
    good = json.loads(forms.encode_batch(Batch("gw", make_mix(2)), "json"))
    for member in ("gateway", "batch", "first_sequence", "count", "records"):
        broken = {name: value for name, value in good.items() if name != member}
        with pytest.raises(jsonschema.ValidationError):
            check(broken, BATCH_SCHEMA)
    broken = copy.deepcopy(good)
    broken["records"][1]["body"] = "00"
    with pytest.raises(jsonschema.ValidationError):
        check(broken, BATCH_SCHEMA)


def _resolve(reference: str) -> Any:
    node: Any = ASYNCAPI
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in _references(value)]
    return [found for value in node for found in _references(value)] if isinstance(node, list) else []


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    references = _references(ASYNCAPI)
    assert references
    for reference in references:
        if reference.startswith("#/"):
            assert _resolve(reference)
        else:
            assert (FOLDER / reference).is_file()


def test_the_asyncapi_document_has_our_topics_and_types() -> None:
    assert ASYNCAPI["asyncapi"].startswith("3.")
    prefix, channels = topics.DEFAULT_PREFIX, ASYNCAPI["channels"]
    assert channels["positions"]["address"].replace("{gateway}", "gw") == topics.positions_topic(prefix, "gw")
    assert channels["receipts"]["address"].replace("{gateway}", "gw") == topics.receipts_topic(prefix, "gw")
    commands, results = topics.commands_topic(prefix, "gw"), topics.command_results_topic(prefix, "gw")
    assert channels["commands"]["address"].replace("{gateway}", "gw") == commands
    assert channels["commandResults"]["address"].replace("{gateway}", "gw") == results
    messages = ASYNCAPI["components"]["messages"]
    assert messages["command"]["name"] == COMMAND_SCHEMA["properties"]["schema"]["const"]
    assert messages["commandResult"]["name"] == RESULT_SCHEMA["properties"]["schema"]["const"]
    assert messages["jsonBatch"]["contentType"] == forms.CONTENT_TYPES["json"]
    assert messages["columnarBatch"]["contentType"] == forms.CONTENT_TYPES["columnar"]
    assert messages["jsonBatch"]["name"] == batch.SCHEMA
    assert messages["receipt"]["name"] == receipt.SCHEMA
    for operation in ASYNCAPI["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert operation["bindings"]["mqtt"]["qos"] == 1


def test_the_examples_of_the_asyncapi_document_are_valid() -> None:
    for example in ASYNCAPI["components"]["messages"]["receipt"]["examples"]:
        check(example["payload"], RECEIPT_SCHEMA)
        assert receipt.decode_receipt(json.dumps(example["payload"]).encode()).accepted == 2


def test_the_examples_of_commands_are_valid() -> None:
    messages = ASYNCAPI["components"]["messages"]
    for name, schema in (("command", COMMAND_SCHEMA), ("commandResult", RESULT_SCHEMA)):
        for example in messages[name]["examples"]:
            check(example["payload"], schema)
            with pytest.raises(jsonschema.ValidationError):
                check({**example["payload"], "schema": "other"}, schema)
