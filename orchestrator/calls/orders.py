"""What a call is for: the confirmed order, as the table keeps it and as the claim hands it out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from orchestrator.calls.timings import CallTimings
from orchestrator.errands import DeclaredFact
from orchestrator.store.calls import CallRow
from ringback.v1 import call_results_pb2 as pb


@dataclass(frozen=True, slots=True)
class CallOrder:
    """A confirmed errand, ready to be dialled."""

    errand: str
    instructions: str
    # The person's words by name: data for the model, never instructions.
    details: Mapping[str, str]
    facts: tuple[DeclaredFact, ...]
    # E.164.
    to_number: str
    # True in test mode, for the results that the Orchestrator files itself.
    is_test: bool = False
    # Whom the call goes to, as the person is told.
    callee: str = ""
    # A number of the contract's VoicemailPolicy.
    voicemail_policy: int = pb.VOICEMAIL_POLICY_HANG_UP
    # What is said after the beep; empty unless the policy is to leave a message.
    voicemail_message: str = ""


def to_column(order: CallOrder) -> dict[str, object]:
    """Write an order as the table's JSON."""
    return {
        "errand": order.errand,
        "instructions": order.instructions,
        "details": dict(order.details),
        "facts": [asdict(fact) for fact in order.facts],
        "test": order.is_test,
        "callee": order.callee,
        "voicemail_policy": order.voicemail_policy,
        "voicemail_message": order.voicemail_message,
    }


def order_of(row: CallRow) -> CallOrder:
    """Read the order of one of our own calls; an external call has an empty one."""
    column = row.order or {}
    details, facts = column.get("details"), column.get("facts")
    policy = column.get("voicemail_policy")
    return CallOrder(
        errand=str(column.get("errand", "")),
        instructions=str(column.get("instructions", "")),
        details=details if isinstance(details, dict) else {},
        facts=tuple(DeclaredFact(**fact) for fact in facts) if isinstance(facts, list) else (),
        to_number=row.to_number,
        is_test=bool(column.get("test")),
        callee=str(column.get("callee", "")),
        voicemail_policy=policy if isinstance(policy, int) else pb.VOICEMAIL_POLICY_HANG_UP,
        voicemail_message=str(column.get("voicemail_message", "")),
    )


def order_message(row: CallRow, time_limit_s: float) -> pb.Order:
    """Build the answer to a claim: all that a Call Handler needs to conduct the call."""
    order = order_of(row)
    return pb.Order(
        call_id=row.call_id,
        task_id=row.task_id or "",
        attempt=row.attempt,
        errand=order.errand,
        instructions=order.instructions,
        details=order.details,
        facts=[_declaration(fact) for fact in order.facts],
        to_number=row.to_number,
        time_limit_s=round(time_limit_s),
        voicemail_policy=pb.VoicemailPolicy.ValueType(order.voicemail_policy),
        voicemail_message=order.voicemail_message,
        is_recorded=row.is_recorded,
    )


def _declaration(fact: DeclaredFact) -> pb.FactDeclaration:
    return pb.FactDeclaration(
        name=fact.name,
        description=fact.description,
        required=fact.required,
        kind=pb.FactKind.ValueType(fact.kind),
    )


@dataclass(frozen=True, slots=True)
class OrderAddresses:
    """Where the carrier is to call back, as the carrier sees it."""

    # https://HOST, without a path.
    public_url: str
    # True: the carrier listens who answered, a person or a machine, and tells us.
    detects_machines: bool = False


def order_body(
    row: CallRow, addresses: OrderAddresses, timings: CallTimings, passed_s: float
) -> dict[str, object]:
    """Build the body of POST /order: everything a dial needs, and nothing to look up.

    `passed_s`: the time since the claim, by no clock that can jump.
    """
    order = order_of(row)
    not_after_us = row.not_after or row.created_at
    not_after = datetime.fromtimestamp(not_after_us / 1_000_000, tz=UTC)
    left_s = (not_after_us - (row.dial_at or row.created_at)) / 1_000_000 - passed_s
    return {
        "call_id": row.call_id,
        "task_id": row.task_id,
        "attempt": row.attempt,
        "to_number": row.to_number,
        "time_limit_s": round(timings.time_limit_s),
        "ring_timeout_s": max(1, round(timings.ring_s)),
        "not_after_s": left_s,
        # For a Call Handler of the last release, which goes by its own clock.
        "not_after": not_after.isoformat(),
        "status_callback_url": f"{addresses.public_url}/twilio/status/{row.call_id}",
        "stream_status_callback_url": f"{addresses.public_url}/twilio/stream/{row.call_id}",
        "errand": order.errand,
        "instructions": order.instructions,
        "details": dict(order.details),
        "facts": [asdict(fact) for fact in order.facts],
    } | _addresses_on_demand(row, addresses)


def _addresses_on_demand(row: CallRow, addresses: OrderAddresses) -> dict[str, object]:
    """Name the addresses that ask the carrier for more than the call."""
    asked: dict[str, object] = {}
    if addresses.detects_machines:
        asked["answering_callback_url"] = f"{addresses.public_url}/twilio/answered/{row.call_id}"
    if row.is_recorded:
        asked["recording_callback_url"] = f"{addresses.public_url}/twilio/recording/{row.call_id}"
    return asked
