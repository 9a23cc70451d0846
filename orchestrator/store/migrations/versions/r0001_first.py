"""The first schema: tasks and their messages, calls, reports, results, events."""

import sqlalchemy as sa
from alembic import op

from orchestrator.store.migrations.indexes import create_index

revision = "0001"
down_revision = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
USUAL = {"status": 5, "outcome": 1, "end_reason": 21}  # what no index holds
OF_TASK, OF_RESULT = "task_id IS NOT NULL", "kind = 'result'"


def upgrade() -> None:
    """Create all tables."""
    _create_task()
    _create_message()
    _create_call()
    _create_confirmation()
    _create_turn()
    _create_question()
    _create_report()
    _create_result()
    _create_recording()
    _create_opted_out()
    _create_contact()
    _create_event()
    _create_counter()
    counter = sa.table("counter", sa.column("name"), sa.column("value"))
    op.bulk_insert(counter, [{"name": "event", "value": 0}])


def _create_task() -> None:
    op.create_table(
        "task",
        sa.Column("task_id", KEY, nullable=False),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="collecting, confirming, calling or done"
        ),
        sa.Column("errand", sa.Text(), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("task_id"),
    )


def _create_message() -> None:
    op.create_table(
        "message",
        sa.Column("message_id", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("task_id", KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False, comment="person or assistant"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("message_by_task", "message", ["task_id", "message_id"], unique=False)


def _create_call() -> None:
    op.create_table(
        "call",
        *_columns_of_a_call(),
        *_columns_of_its_course(),
        *_columns_of_its_line(),
        sa.PrimaryKeyConstraint("call_id"),
        sa.UniqueConstraint("call_sid"),
    )
    create_index("call_by_attempt", "call", ["task_id", "attempt"], OF_TASK, unique=True)
    create_index("call_by_due", "call", ["due_at"], "due_at IS NOT NULL")
    create_index("call_by_dial", "call", ["dial_at", "to_number"], "dial_at IS NOT NULL")


def _columns_of_a_call() -> "list[sa.Column[object]]":
    return [
        sa.Column("call_id", KEY, nullable=False),
        sa.Column("task_id", KEY, comment="NULL for external calls"),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("origin", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="ready, dialing, waiting or final"),
        sa.Column("status", sa.Integer(), server_default="0", nullable=False),
        sa.Column("call_sid", KEY, comment="NULL until it is bound"),
        sa.Column("to_number", sa.Text(), server_default="", nullable=False),
        sa.Column("from_number", sa.Text(), server_default="", nullable=False),
        sa.Column("order", sa.JSON(), comment="what the call is for; NULL for external calls"),
        sa.Column("due_at", sa.BigInteger(), comment="when somebody must look; NULL: never"),
        sa.Column("not_after", sa.BigInteger(), comment="no dial after; NULL for external calls"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    ]


def _columns_of_its_course() -> "list[sa.Column[object]]":
    return [
        sa.Column("dial_at", sa.BigInteger(), comment="when the order was sent; NULL before"),
        sa.Column("answered_at", sa.BigInteger(), comment="NULL until somebody answers"),
        sa.Column("ended_at", sa.BigInteger(), comment="NULL while the call runs"),
        sa.Column(
            "stream_nonce",
            sa.Text(),
            comment="of the media stream that holds the call; NULL before the claim",
        ),
        sa.Column("handler_instance", sa.Text(), server_default="", nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "asked",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="how often the carrier was asked",
        ),
        sa.Column("ring_deadline_at", sa.BigInteger(), comment="NULL before the dial"),
        sa.Column("provider", sa.JSON(), comment="the carrier's last facts; NULL before the first"),
        sa.Column("unreachable_since", sa.BigInteger(), comment="NULL while the carrier answers"),
        sa.Column(
            "note", sa.Text(), comment="why the call waits, for the person; NULL when all is well"
        ),
    ]


def _columns_of_its_line() -> "list[sa.Column[object]]":
    return [
        sa.Column(
            "answered_by",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="who answered, in the carrier's word; empty until it told",
        ),
        sa.Column(
            "is_recorded",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="the dial asks the carrier to record it",
        ),
    ]


def _create_confirmation() -> None:
    op.create_table(
        "confirmation",
        sa.Column("task_id", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False, comment="the person's Idempotency-Key"),
        sa.Column("call_id", KEY, nullable=False, comment="the call that the key made or met"),
        sa.PrimaryKeyConstraint("task_id", "key"),
    )


def _create_turn() -> None:
    op.create_table(
        "turn",
        sa.Column("call_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False, comment="a serialised TranscriptTurn"),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "position"),
    )


def _create_question() -> None:
    op.create_table(
        "question",
        sa.Column("call_id", KEY, nullable=False),
        sa.Column("question_id", KEY, nullable=False, comment="the agent's"),
        sa.Column("state", sa.Text(), nullable=False, comment="open, answered or unanswered"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False, comment="answers count before this"),
        sa.Column(
            "message_id", sa.BigInteger(), comment="what tells it; NULL without a conversation"
        ),
        sa.Column("answer", sa.Text(), comment="NULL until it is answered"),
        sa.Column("answered_at", sa.BigInteger(), comment="NULL until it is answered"),
        sa.PrimaryKeyConstraint("call_id", "question_id"),
    )
    op.create_index("question_by_end", "question", ["state", "until_at"], unique=False)


def _create_report() -> None:
    op.create_table(
        "report",
        sa.Column("call_id", KEY, nullable=False),
        sa.Column("report_id", KEY, nullable=False),
        sa.Column("call_sid", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column(
            "received_at",
            sa.BigInteger(),
            nullable=False,
            comment="strictly rising within one process",
        ),
        sa.Column(
            "report_time", sa.BigInteger(), nullable=False, comment="as reported, else received_at"
        ),
        sa.Column("raw", sa.LargeBinary(), nullable=False, comment="as received"),
        sa.Column(
            "transport",
            sa.Text(),
            nullable=False,
            comment="grpc, rest, callback, fetched or internal",
        ),
        sa.Column("disposition", sa.Integer(), nullable=False),
        sa.Column("override", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "report_id"),
    )
    create_index("report_orphaned", "report", ["received_at"], "disposition = 5")


def _create_result() -> None:
    op.create_table(
        "result",
        sa.Column("call_id", KEY, nullable=False),
        sa.Column("call_sid", sa.Text(), server_default="", nullable=False),
        sa.Column("task_id", KEY, comment="NULL for external calls"),
        sa.Column("origin", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.Column("end_reason", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False, comment="a serialised CallResult"),
        sa.Column(
            "provenance", sa.JSON(), nullable=False, comment="which report each field comes from"
        ),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
    )
    for name, number in USUAL.items():
        create_index(f"result_by_{name}", "result", [name, "call_id"], f"{name} <> {number}")


def _create_recording() -> None:
    op.create_table(
        "recording",
        sa.Column("call_id", KEY, nullable=False),
        sa.Column(
            "recording_sid", sa.Text(), nullable=False, comment="the carrier's; empty when absent"
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="completed or absent"),
        sa.Column("duration_s", sa.Integer(), comment="NULL when the carrier did not say"),
        sa.Column("url", sa.Text(), nullable=False, comment="our page of it, as a result tells it"),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
    )


def _create_opted_out() -> None:
    op.create_table(
        "opted_out",
        sa.Column("number", sa.Text(), nullable=False, comment="E.164, as it was called"),
        sa.Column("call_id", KEY, nullable=False, comment="the call in which they asked for it"),
        sa.Column("opted_out_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("opted_out_by_time", "opted_out", ["opted_out_at", "number"], unique=False)


def _create_contact() -> None:
    op.create_table(
        "contact",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("seq", ROW_NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="message, task, call, turn, question, result, clock",
        ),
        sa.Column("task_id", KEY, comment="NULL for external calls"),
        sa.Column("call_id", KEY, comment="NULL for events of a task"),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    create_index("event_by_task", "event", ["task_id", "seq"], OF_TASK)
    create_index("event_of_result", "event", ["seq"], OF_RESULT)
    create_index("event_to_tell", "event", ["seq"], f"{OF_RESULT} AND {OF_TASK}")


def _create_counter() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
