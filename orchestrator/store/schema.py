"""The tables of the Orchestrator, written once for SQLite and PostgreSQL.

Times are BIGINT microseconds since the epoch, UTC. Status, origin, source, outcome and disposition
are the numbers of the contract's enums; call_id and task_id are UUIDv7 in lower case, so that keys
grow with time.

An index costs every row that it holds: most here hold only the rows that are looked for, so that an
ordinary result is 9 entries of B-trees instead of 19 (measured: benchmarks/growth.py). A query uses
such an index when it names the same condition, or compares the column that must not be NULL.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.dialects import sqlite

REVISIONS = ("0001",)
"""All migrations, oldest first; `alembic_version` holds the newest in an up-to-date database."""

USUAL = {"status": 5, "outcome": 1, "end_reason": 21}
"""What most calls come to: completed, succeeded, ended by the agent. No index holds these."""

metadata = MetaData()

# None is SQL's NULL, not JSON's null: `IS NULL` finds it.
Json = JSON(none_as_null=True)
# SQLite compares text bytewise by itself; PostgreSQL is told to: UUIDv7 keys stay in order of time.
Key = String().with_variant(String(collation="C"), "postgresql")
# SQLite numbers rows by itself only for a column whose type is exactly INTEGER.
RowNumber = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")


def _index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Declare an index of the rows that fulfil `where`, in SQL that both databases read.

    The migrations say it to PostgreSQL as well; here that would load its dialect at every start.
    """
    return Index(name, *columns, unique=unique, sqlite_where=text(where))


task = Table(
    "task",
    metadata,
    Column("task_id", Key, primary_key=True),
    Column("state", Text, nullable=False, comment="collecting, confirming, calling or done"),
    Column("errand", Text, nullable=False),
    Column("form", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("message_id", RowNumber, primary_key=True, autoincrement=True),
    Column("task_id", Key, nullable=False),
    Column("role", Text, nullable=False, comment="person or assistant"),
    Column("text", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("message_by_task", "task_id", "message_id"),
    sqlite_autoincrement=True,
)

call = Table(
    "call",
    metadata,
    Column("call_id", Key, primary_key=True),
    Column("task_id", Key, comment="NULL for external calls"),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("origin", Integer, nullable=False),
    Column("state", Text, nullable=False, comment="ready, dialing, waiting or final"),
    Column("status", Integer, nullable=False, server_default="0"),
    Column("call_sid", Key, unique=True, comment="NULL until it is bound"),
    Column("to_number", Text, nullable=False, server_default=""),
    Column("from_number", Text, nullable=False, server_default=""),
    Column("order", Json, comment="what the call is for; NULL for external calls"),
    Column("due_at", BigInteger, comment="when somebody must look; NULL: never"),
    Column("not_after", BigInteger, comment="no dial after; NULL for external calls"),
    Column("created_at", BigInteger, nullable=False),
    Column("dial_at", BigInteger, comment="when the order was sent; NULL before"),
    Column("answered_at", BigInteger, comment="NULL until somebody answers"),
    Column("ended_at", BigInteger, comment="NULL while the call runs"),
    Column(
        "stream_nonce",
        Text,
        comment="of the media stream that holds the call; NULL before the claim",
    ),
    Column("handler_instance", Text, nullable=False, server_default=""),
    Column("cancel_requested", Boolean, nullable=False, server_default=false()),
    Column(
        "asked",
        Integer,
        nullable=False,
        server_default="0",
        comment="how often the carrier was asked",
    ),
    Column("ring_deadline_at", BigInteger, comment="NULL before the dial"),
    Column("provider", Json, comment="the carrier's last facts; NULL before the first"),
    Column("unreachable_since", BigInteger, comment="NULL while the carrier answers"),
    Column("note", Text, comment="why the call waits, for the person; NULL when all is well"),
    Column(
        "answered_by",
        Text,
        nullable=False,
        server_default="",
        comment="who answered, in the carrier's word; empty until it told",
    ),
    Column(
        "is_recorded",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="the dial asks the carrier to record it",
    ),
    _index("call_by_attempt", "task_id", "attempt", where="task_id IS NOT NULL", unique=True),
    _index("call_by_due", "due_at", where="due_at IS NOT NULL"),
    # The claim counts dials while all other writers wait.
    _index("call_by_dial", "dial_at", "to_number", where="dial_at IS NOT NULL"),
)

confirmation = Table(
    "confirmation",
    metadata,
    Column("task_id", Key, primary_key=True),
    Column("key", Key, primary_key=True, comment="the person's Idempotency-Key"),
    Column("call_id", Key, nullable=False, comment="the call that the key made or met"),
)

turn = Table(
    "turn",
    metadata,
    Column("call_id", Key, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False, comment="a serialised TranscriptTurn"),
    Column("updated_at", BigInteger, nullable=False),
)

question = Table(
    "question",
    metadata,
    Column("call_id", Key, primary_key=True),
    Column("question_id", Key, primary_key=True, comment="the agent's"),
    Column("state", Text, nullable=False, comment="open, answered or unanswered"),
    Column("text", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False, comment="answers count before this"),
    Column("message_id", BigInteger, comment="what tells it; NULL without a conversation"),
    Column("answer", Text, comment="NULL until it is answered"),
    Column("answered_at", BigInteger, comment="NULL until it is answered"),
    Index("question_by_end", "state", "until_at"),
)

report = Table(
    "report",
    metadata,
    Column("call_id", Key, primary_key=True),
    Column("report_id", Key, primary_key=True),
    Column("call_sid", Text, nullable=False, server_default=""),
    Column("source", Integer, nullable=False),
    Column("received_at", BigInteger, nullable=False, comment="strictly rising within one process"),
    Column("report_time", BigInteger, nullable=False, comment="as reported, else received_at"),
    Column("raw", LargeBinary, nullable=False, comment="as received"),
    Column("transport", Text, nullable=False, comment="grpc, rest, callback, fetched or internal"),
    Column("disposition", Integer, nullable=False),
    Column("override", Boolean, nullable=False, server_default=false()),
    # Those of calls that are not ours: the number of DISPOSITION_ORPHAN.
    _index("report_orphaned", "received_at", where="disposition = 5"),
)

result = Table(
    "result",
    metadata,
    Column("call_id", Key, primary_key=True),
    Column("call_sid", Text, nullable=False, server_default=""),
    Column("task_id", Key, comment="NULL for external calls"),
    Column("origin", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("outcome", Integer, nullable=False),
    Column("end_reason", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False, comment="a serialised CallResult"),
    Column("provenance", Json, nullable=False, comment="which report each field comes from"),
    Column("recorded_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    *(
        _index(f"result_by_{name}", name, "call_id", where=f"{name} <> {number}")
        for name, number in USUAL.items()
    ),
)

recording = Table(
    "recording",
    metadata,
    Column("call_id", Key, primary_key=True),
    Column("recording_sid", Text, nullable=False, comment="the carrier's; empty when absent"),
    Column("state", Text, nullable=False, comment="completed or absent"),
    Column("duration_s", Integer, comment="NULL when the carrier did not say"),
    Column("url", Text, nullable=False, comment="our page of it, as a result tells it"),
    Column("received_at", BigInteger, nullable=False),
)

opted_out = Table(
    "opted_out",
    metadata,
    Column("number", Text, primary_key=True, comment="E.164, as it was called"),
    Column("call_id", Key, nullable=False, comment="the call in which they asked for it"),
    Column("opted_out_at", BigInteger, nullable=False),
    Index("opted_out_by_time", "opted_out_at", "number"),
)

contact = Table(
    "contact",
    metadata,
    Column("name", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

event = Table(
    "event",
    metadata,
    # On SQLite the number of the row itself, which needs no index beside the table.
    Column("seq", RowNumber, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column(
        "kind", Text, nullable=False, comment="message, task, call, turn, question, result, clock"
    ),
    Column("task_id", Key, comment="NULL for external calls"),
    Column("call_id", Key, comment="NULL for events of a task"),
    Column("data", Json, nullable=False),
    _index("event_by_task", "task_id", "seq", where="task_id IS NOT NULL"),
    # The two that follow results read nothing else: watchers, and those who tell conversations.
    _index("event_of_result", "seq", where="kind = 'result'"),
    _index("event_to_tell", "seq", where="kind = 'result' AND task_id IS NOT NULL"),
)

counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
