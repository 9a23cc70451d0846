"""What passes at a glance is what the model passes, and its record is what the join would build."""

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.call_results.first import FirstReport
from orchestrator.call_results.from_proto import from_proto
from orchestrator.call_results.join import Joined, join, read_key, read_values
from orchestrator.call_results.model import CallReport, Cleaning
from orchestrator.call_results.plain import measure_plain
from orchestrator.call_results.received import Received
from orchestrator.call_results.to_proto import Identity, to_proto, unpack
from orchestrator.errors import InvalidInput
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid, full_result, result_of

CALL = "01a20732-53aa-7a9b-a1b9-9a93a4ab7467"
TEXTS = [
    "x" * length for length in (0, 1, 64, 65, 128, 129, 1000, 1001, 2000, 2001, 4000, 4001)
] + ["\u00e9\U0001f355"]
NUMBERS = ["", "+14155550100", "14155550100", "+1415555010012345", "+1\n"]
COUNTS = [0, 1, 2**53 - 1, 2**53]
ENUMS = [-2, 0, 3, 99]
KEYS = ["", "1#", "E", "1" * 65]
TIMES = [
    Timestamp(seconds=seconds, nanos=nanos)
    for seconds in (-1, 0, 253_402_300_799, 253_402_300_800)
    for nanos in (-1, 0, 1, 1000, 999_999_000, 1_000_000_000)
]
TURNS = [
    *(pb.TranscriptTurn(role=pb.ROLE_CALLEE, text=text) for text in TEXTS),
    *(pb.TranscriptTurn(role=pb.ROLE_CALLEE, item_id=text) for text in TEXTS),
    *(pb.TranscriptTurn(role=pb.ROLE_CALLEE, dtmf=keys) for keys in KEYS),
    *(pb.TranscriptTurn(role=pb.ROLE_TOOL, tool=pb.ToolUse(name=text)) for text in TEXTS),
    *(pb.TranscriptTurn(role=pb.ROLE_TOOL, tool=pb.ToolUse(arguments=text)) for text in TEXTS),
    *(pb.TranscriptTurn(role=pb.ROLE_TOOL, tool=pb.ToolUse(output=text)) for text in TEXTS),
    pb.TranscriptTurn(role=pb.Role.ValueType(99), start_ms=0, end_ms=2**32 - 1, interrupted=True),
    pb.TranscriptTurn(text="nobody"),
]
FACTS = [
    *([pb.Fact(name=name)] for name in ("", "A", "a_1", "x" * 64, "x" * 65, "a\n")),
    *([pb.Fact(name="a", value=text)] for text in TEXTS),
    *([pb.Fact(name="a", evidence_turns=[0, turn])] for turn in (1999, 2000)),
    *([pb.Fact(name=name) for name in names] for names in ("ab", "ba", "aa")),
    [pb.Fact(name=f"a{number:02}") for number in range(50)],
    [pb.Fact(name=f"a{number:02}") for number in range(51)],
]
FAULTS = [
    pb.Fault(),
    pb.Fault(retryable=True),
    *(pb.Fault(component=pb.FaultComponent.ValueType(number)) for number in ENUMS),
    *(pb.Fault(code=text) for text in TEXTS),
    *(pb.Fault(message=text) for text in TEXTS),
]
USAGES = [
    pb.Usage(),
    pb.Usage(currency="USD"),
    pb.Usage(currency="usd"),
    *(pb.Usage(model=text) for text in TEXTS),
    *(
        pb.Usage(**{field.name: count})  # type: ignore[arg-type]  # by name
        for field in pb.Usage.DESCRIPTOR.fields
        if field.name not in {"model", "currency"}
        for count in COUNTS
    ),
]
EDGES: dict[str, list[object]] = {
    "call_sid": ["", call_sid(), call_sid()[:-1], call_sid() + "\n", "CA" + "g" * 32],
    "status": [*range(12)],
    "duration": [0, 86_400, 86_401],
    "call_id": ["", "01a20732-53aa-7a9b-a1b9-9a93a4ab7467", "01A20732"],
    "attempt": [0, 1, 2**31 - 1, 2**31],
    "fault": [*FAULTS],
    "to_number": [*NUMBERS],
    "from_number": [*NUMBERS],
    "transcript": [*([turn] for turn in TURNS), [TURNS[0]] * 2000, [TURNS[0]] * 2001],
    "transcript_complete": [False, True],
    "facts": [*FACTS],
    "usage": [*USAGES],
    "test": [False, True],
    "revision": [*COUNTS],
}
"""For each field what is just right and what is just wrong; for all others by their kind."""
BY_KIND: dict[int, list[object]] = {
    FieldDescriptor.TYPE_STRING: [*TEXTS],
    FieldDescriptor.TYPE_ENUM: [*ENUMS],
    FieldDescriptor.TYPE_MESSAGE: [*TIMES],
}
CASES = [
    (field.name, value)
    for field in pb.CallResult.DESCRIPTOR.fields
    for value in EDGES.get(field.name) or BY_KIND[field.type]
]
identities = st.builds(
    Identity,
    call_id=st.just(CALL),
    call_sid=st.just(call_sid()),
    attempt=st.sampled_from([0, 3]),
    origin=st.sampled_from([pb.CALL_ORIGIN_RINGBACK, pb.CALL_ORIGIN_EXTERNAL]),
    to_number=st.sampled_from(["", "+14155550123"]),
)


def spoil(message: pb.CallResult, *cases: tuple[str, object]) -> pb.CallResult:
    """Put other values into a right message."""
    for name, value in cases:
        message.ClearField(name)  # type: ignore[arg-type]  # its stub wants literals
        message.MergeFrom(result_of(**{name: value}))
    return message


def check(message: pb.CallResult, identity: Identity) -> None:
    """Hold the glance against the model: what passes there is valid, and makes the same record."""
    chars = measure_plain(message)
    try:
        report = from_proto(message, Cleaning(is_clean=True))
    except InvalidInput:
        assert chars is None
        return
    if chars is None:
        return
    item = Received(message, message.SerializeToString(), "grpc", plain=message, chars=chars)
    first = FirstReport(item, message, item.key(item.report_time or 7_000_000))
    joined = join_by_the_model(report, item)
    assert first.key == joined.keys["source"]
    record = first.build_record(identity)
    assert record == to_proto(joined, identity)
    assert unpack(record, first.pack_provenance()).keys == joined.keys
    assert first.join() == joined
    assert (item.duration, item.report_id) == (report.duration, item_of_the_model(report).report_id)


def test_every_single_field_at_its_limits_is_judged_as_the_model_judges_it() -> None:
    identity = Identity(call_id=CALL, call_sid=call_sid(), attempt=3, to_number="+14155550123")
    for case in CASES:
        check(spoil(full_result(), case), identity)
        check(spoil(result_of(call_sid=call_sid(), status=5), case), identity)


@given(st.lists(st.sampled_from(CASES), max_size=4), identities)
def test_a_plain_message_is_valid_and_its_record_is_the_joins(
    cases: list[tuple[str, object]], identity: Identity
) -> None:
    check(spoil(full_result(), *cases), identity)


def item_of_the_model(report: CallReport) -> Received:
    return Received(report, b"", "grpc")


def join_by_the_model(report: CallReport, item: Received) -> Joined:
    key = read_key(
        report,
        report_id=item.report_id,
        report_time=7_000_000 if not report.report_time else report.report_time,
        is_override=False,
        is_fetched=False,
    )
    return join(Joined(), read_values(report, key), key)


def test_an_ordinary_result_with_all_its_parts_is_plain() -> None:
    assert measure_plain(full_result()) is not None


def test_a_field_from_a_newer_contract_is_kept_in_the_history_and_not_in_the_record() -> None:
    message = pb.CallResult.FromString(full_result().SerializeToString() + b"\xf8\x3f\x01")
    item = Received(message, message.SerializeToString(), "grpc", plain=message)
    record = FirstReport(item, message, item.key(4_000_004)).build_record(Identity("c", call_sid()))
    assert b"\xf8\x3f\x01" not in record.SerializeToString()
