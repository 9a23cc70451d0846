"""The outbox's SQL: every statement with its name and what it is for."""

APPLICATION_ID = 0x52424F58
"""Marks a SQLite file as an outbox ("RBOX")."""
SCHEMA_VERSION = 1

PENDING, ACKNOWLEDGED, DEAD = "pending", "acknowledged", "dead"
"""States of an outcome. Any other word, a damaged one, counts as pending: a repeat is harmless."""
RUNNING, CLAIMED, OVER, REFUSED = "running", "claimed", "over", "refused"
"""States of a started call."""

CREATE_TABLES = (
    # What an order said and was answered, so that a repeat of it places no second call.
    """CREATE TABLE order_memory (
        call_id TEXT PRIMARY KEY, body BLOB NOT NULL, answer BLOB, written_at INTEGER NOT NULL)""",
    # A call whose conversation began in this process or a former one.
    """CREATE TABLE started_call (
        opening_id TEXT PRIMARY KEY, call_key TEXT NOT NULL, state TEXT NOT NULL,
        record BLOB NOT NULL, written_at INTEGER NOT NULL)""",
    "CREATE INDEX started_call_by_key ON started_call (call_key)",
    # What was said in a started call.
    """CREATE TABLE turn (
        opening_id TEXT NOT NULL, position INTEGER NOT NULL, record BLOB NOT NULL,
        PRIMARY KEY (opening_id, position))""",
    # What became of a call; `is_first` is 0 for later additions.
    """CREATE TABLE outcome (
        seq INTEGER PRIMARY KEY, call_key TEXT NOT NULL, is_first INTEGER NOT NULL,
        report_id TEXT NOT NULL, state TEXT NOT NULL, record BLOB NOT NULL,
        written_at INTEGER NOT NULL, settled_at INTEGER, note TEXT)""",
    "CREATE UNIQUE INDEX outcome_first ON outcome (call_key) WHERE is_first = 1",
    "CREATE UNIQUE INDEX outcome_report ON outcome (call_key, report_id)",
    """CREATE INDEX outcome_waiting ON outcome (seq)
        WHERE state <> 'acknowledged' AND state <> 'dead'""",
)

# Reads what tables and indexes there are.
SELECT_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid"
# Remembers an order unless its call_id is known.
INSERT_ORDER = (
    "INSERT INTO order_memory (call_id, body, written_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
)
# Reads what is known of an order.
SELECT_ORDER = "SELECT body, answer FROM order_memory WHERE call_id = ?"
# Keeps the answer to an order; the first answer stays.
UPDATE_ORDER_ANSWER = "UPDATE order_memory SET answer = ? WHERE call_id = ? AND answer IS NULL"

# Journals that a call's conversation begins.
INSERT_CALL = """INSERT INTO started_call (opening_id, call_key, state, record, written_at)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
# Moves a started call on.
UPDATE_CALL_STATE = "UPDATE started_call SET state = ? WHERE opening_id = ?"
# Ends every opening of a call that has its outcome; a refused one stays refused.
CLOSE_CALLS = "UPDATE started_call SET state = 'over' WHERE call_key = ? AND state <> 'refused'"
# Takes a call for lost again whose outcome the disk did not keep: its turns may still be there.
REOPEN_CALLS = """UPDATE started_call SET state = 'running' WHERE state = 'over' AND NOT EXISTS (
    SELECT 1 FROM outcome WHERE outcome.call_key = started_call.call_key AND is_first = 1)"""
# Lists the calls that a former process left without an outcome, the claimed ones first.
SELECT_LOST_CALLS = """SELECT opening_id, call_key, state, record FROM started_call
    WHERE state <> 'over' AND state <> 'refused' ORDER BY state = 'claimed' DESC, rowid"""

# Journals a turn, or a better text of it.
UPSERT_TURN = """INSERT INTO turn (opening_id, position, record) VALUES (?, ?, ?)
    ON CONFLICT (opening_id, position) DO UPDATE SET record = excluded.record"""
# Reads a call's turns in order.
SELECT_TURNS = "SELECT record FROM turn WHERE opening_id = ? ORDER BY position"

# Writes an outcome; a second first one and a repeated report_id change nothing.
INSERT_OUTCOME = """INSERT INTO outcome (call_key, is_first, report_id, state, record, written_at)
    VALUES (?, ?, ?, 'pending', ?, ?) ON CONFLICT DO NOTHING RETURNING seq"""
# Keeps bytes that cannot be read as a dead letter.
INSERT_DEAD_LETTER = """INSERT INTO outcome
    (call_key, is_first, report_id, state, record, written_at, settled_at, note)
    VALUES (?, 0, ?, 'dead', ?, ?, ?, ?)"""
# Reads the outcome that stands for a call.
SELECT_FIRST_OUTCOME = "SELECT seq FROM outcome WHERE call_key = ? AND is_first = 1"
# Reads an addition by its report_id.
SELECT_REPORT = "SELECT seq FROM outcome WHERE call_key = ? AND report_id = ?"
# Finds an outcome that needs no delivery any more.
SELECT_SETTLED = "SELECT 1 FROM outcome WHERE seq = ? AND state IN ('acknowledged', 'dead')"
# Lists outcomes that are to be delivered, oldest first.
SELECT_WAITING = """SELECT seq, record, written_at FROM outcome
    WHERE state <> 'acknowledged' AND state <> 'dead' AND seq > ? ORDER BY seq LIMIT ?"""
# Lists every outcome that waits, to check it.
SELECT_ALL_WAITING = """SELECT seq, record FROM outcome
    WHERE state <> 'acknowledged' AND state <> 'dead'"""
# Counts what waits.
COUNT_WAITING = """SELECT count(*) FROM outcome
    WHERE state <> 'acknowledged' AND state <> 'dead'"""
# Counts what was given up.
COUNT_DEAD_LETTERS = "SELECT count(*) FROM outcome WHERE state = 'dead'"
# Marks outcomes with consecutive numbers as recorded by the server.
ACKNOWLEDGE_OUTCOMES = """UPDATE outcome SET state = 'acknowledged', settled_at = ?
    WHERE seq BETWEEN ? AND ?"""
# Turns an outcome into a dead letter.
BURY_OUTCOME = "UPDATE outcome SET state = 'dead', settled_at = ?, note = ? WHERE seq = ?"
# Turns an outcome that the disk spoilt into a dead letter beside the one that recovery writes.
BURY_DAMAGED = """UPDATE outcome SET state = 'dead', is_first = 0, settled_at = ?, note = ?
    WHERE seq = ?"""
# Counts calls by what became of them: started and not refused, or reported without a start.
COUNT_CALLS = """SELECT coalesce(outcome.state, 'running'), count(*) FROM (
        SELECT call_key FROM started_call WHERE state <> 'refused'
        UNION SELECT call_key FROM outcome WHERE is_first = 1) AS known
    LEFT JOIN outcome ON outcome.call_key = known.call_key AND outcome.is_first = 1
    GROUP BY 1"""
# Lists what was given up, newest first.
SELECT_DEAD_LETTERS = """SELECT call_key, note, written_at, record FROM outcome
    WHERE state = 'dead' ORDER BY seq DESC"""
# Lists outcomes to send once more, oldest first.
SELECT_SINCE = """SELECT seq, state, record FROM outcome
    WHERE written_at >= :after OR settled_at >= :after ORDER BY seq"""
# Marks a dead letter as recorded by the server.
REVIVE_DEAD_LETTER = """UPDATE outcome SET state = 'acknowledged', settled_at = ?
    WHERE seq = ? AND state = 'dead'"""

# Forgets, in this order, what was acknowledged before a time; dead letters stay until somebody
# looks.
PRUNE = (
    """DELETE FROM turn WHERE opening_id IN (
        SELECT opening_id FROM started_call WHERE written_at < :before
        AND (state = 'refused' OR (state = 'over' AND NOT EXISTS (
            SELECT 1 FROM outcome WHERE outcome.call_key = started_call.call_key
            AND (outcome.state <> 'acknowledged' OR outcome.settled_at >= :before)))))""",
    """DELETE FROM started_call WHERE written_at < :before
        AND (state = 'refused' OR (state = 'over' AND NOT EXISTS (
            SELECT 1 FROM outcome WHERE outcome.call_key = started_call.call_key
            AND (outcome.state <> 'acknowledged' OR outcome.settled_at >= :before))))""",
    """DELETE FROM outcome WHERE state = 'acknowledged' AND settled_at < :before
        AND NOT EXISTS (SELECT 1 FROM started_call
            WHERE started_call.call_key = outcome.call_key AND started_call.state <> 'refused')""",
    """DELETE FROM order_memory WHERE written_at < :before AND NOT EXISTS (
        SELECT 1 FROM started_call WHERE started_call.call_key = order_memory.call_id)""",
)
