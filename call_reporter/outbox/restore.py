"""Takes over into a new outbox what was salvaged from a damaged one."""

import logging
import sqlite3

from call_reporter.outbox import statements as sql
from call_reporter.outbox.frames import Frame, Kind, pack_frame
from call_reporter.outbox.rows import write_dead_letter
from call_reporter.outbox.salvage import Salvage
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")


def restore_rows(connection: sqlite3.Connection, salvage: Salvage, now: int) -> None:
    """Write the salvaged rows, damaged ones as dead letters. `now`: microseconds, epoch."""
    connection.execute("BEGIN IMMEDIATE")
    for frame, state in sorted(salvage.good.items(), key=lambda item: item[0].kind):
        _restore(connection, frame, state, now)
    for record in salvage.bad:
        write_dead_letter(connection, "", record, now)
    connection.execute("COMMIT")
    log.error("outbox_salvaged good=%d damaged=%d", len(salvage.good), len(salvage.bad))


def _restore(connection: sqlite3.Connection, frame: Frame, state: str, now: int) -> None:
    record = pack_frame(frame.kind, frame.key, frame.body)
    match frame.kind:
        case Kind.ORDER:
            connection.execute(sql.INSERT_ORDER, (frame.key, record, now))
        case Kind.ANSWER:
            connection.execute(sql.UPDATE_ORDER_ANSWER, (record, frame.key))
        case Kind.CALL:
            opening_id, _, call_key = frame.key.partition(" ")
            values = (opening_id, call_key, state or sql.RUNNING, record, now)
            connection.execute(sql.INSERT_CALL, values)
        case Kind.TURN:
            opening_id, _, position = frame.key.partition(" ")
            connection.execute(sql.UPSERT_TURN, (opening_id, int(position), record))
        case Kind.OUTCOME:
            _restore_outcome(connection, frame, state, now)


def _restore_outcome(connection: sqlite3.Connection, frame: Frame, state: str, now: int) -> None:
    report_id = pb.CallResult.FromString(frame.body).report_id
    record = pack_frame(frame.kind, frame.key, frame.body)
    for is_first in (1, 0):  # a second outcome of the call was an addition
        values = (frame.key, is_first, report_id, record, now)
        row = connection.execute(sql.INSERT_OUTCOME, values).fetchone()
        if row is not None:
            break
    if row is None:
        return
    if state == sql.ACKNOWLEDGED:
        connection.execute(sql.ACKNOWLEDGE_OUTCOMES, (now, row[0], row[0]))
    elif state == sql.DEAD:
        connection.execute(sql.BURY_OUTCOME, (now, "refused before the file was damaged", row[0]))
