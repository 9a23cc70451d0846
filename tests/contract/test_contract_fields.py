"""A walk over the contract's descriptors: model, from_proto and to_proto know every field."""

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToJson

from orchestrator.call_results import Cleaning, receive_json, receive_proto
from orchestrator.call_results.from_proto import from_proto, progress_from_proto
from orchestrator.call_results.join import Joined, join, read_key, read_values
from orchestrator.call_results.model import (
    CallReport,
    FactReport,
    FaultReport,
    ProgressReport,
    Rules,
    ToolReport,
    TurnReport,
    UsageReport,
)
from orchestrator.call_results.to_proto import Identity, report_to_proto, to_proto
from ringback.v1 import call_results_pb2 as pb
from tests.rig import full_result

MODELS: dict[str, type[Rules]] = {
    "CallResult": CallReport,
    "TranscriptTurn": TurnReport,
    "ToolUse": ToolReport,
    "Fact": FactReport,
    "Fault": FaultReport,
    "Usage": UsageReport,
    "ReportProgressRequest": ProgressReport,
}
# What the server fills in or stamps; it stands in no report of this test.
SERVERS_OWN = {"call_id", "task_id", "origin", "record_time", "revision"}


def paths_of(descriptor: Descriptor, prefix: str = "") -> Iterator[tuple[str, FieldDescriptor]]:
    for field in descriptor.fields:
        yield prefix + field.name, field
        if field.message_type is not None and field.message_type.full_name.startswith("ringback"):
            yield from paths_of(field.message_type, f"{prefix}{field.name}.")


PATHS = [path for path, _ in paths_of(pb.CallResult.DESCRIPTOR) if path not in SERVERS_OWN]


def told_paths(result: pb.CallResult) -> set[str]:
    """Name every field that is set anywhere in a message, as in `paths_of`."""
    told: set[str] = set()
    pending = [("", result)]
    while pending:
        prefix, message = pending.pop()
        for field, value in message.ListFields():
            told.add(prefix + field.name)
            parts = value if field.is_repeated else [value]
            if field.message_type is not None:
                pending += [(f"{prefix}{field.name}.", part) for part in parts]
    return told


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_model_has_exactly_the_fields_of_the_contract(name: str) -> None:
    descriptor = pb.DESCRIPTOR.message_types_by_name[name]
    assert set(MODELS[name].model_fields) == {field.name for field in descriptor.fields}


@pytest.mark.parametrize("path", PATHS)
def test_the_full_result_tells_every_field(path: str) -> None:
    assert path in told_paths(full_result())


def test_every_field_survives_the_way_through_the_model() -> None:
    report = from_proto(full_result(), Cleaning())
    assert report_to_proto(report) == full_result()


def test_every_field_survives_the_join_into_the_record() -> None:
    report = from_proto(full_result(), Cleaning())
    key = read_key(
        report, report_id="report-1", report_time=4_000_004, is_override=False, is_fetched=False
    )
    joined = join(Joined(), read_values(report, key), key)
    record = to_proto(joined, Identity(call_id="", call_sid=report.call_sid))
    record.origin = pb.CALL_ORIGIN_UNSPECIFIED
    assert record == full_result()


@pytest.mark.parametrize("in_snake_case", [True, False])
def test_every_field_comes_through_json_as_through_protobuf(in_snake_case: bool) -> None:
    body = MessageToJson(full_result(), preserving_proto_field_name=in_snake_case)
    assert receive_json(body.encode()).report == receive_proto(full_result()).report


def test_every_field_of_a_progress_is_read() -> None:
    request = pb.ReportProgressRequest(
        call_id="01a20732-53aa-7a9b-a1b9-9a93a4ab7467",
        call_sid=full_result().call_sid,
        status=pb.CALL_STATUS_RINGING,
        first_turn=3,
        turns=full_result().transcript,
        stream_nonce="0f" * 16,
        handler_instance="handler-1",
    )
    report = progress_from_proto(request, Cleaning())
    assert {field.name for field, _ in request.ListFields()} == report.model_fields_set
    assert report.first_turn == 3
    assert len(report.turns) == 2


def test_a_duration_of_zero_is_told() -> None:
    assert from_proto(full_result(), Cleaning()).duration == 0
