"""What an event of the store becomes on its way to the page."""

from sqlalchemy import Connection

from orchestrator.store.events import EventRow
from orchestrator.web.call_views import Json, call_view, read_facts, turn_view
from ringback.v1 import call_results_pb2 as pb

_WITH_CARD = frozenset({"call", "result"})


def event_data(connection: Connection, row: EventRow) -> Json:
    """Add to an event's data what the page shows of it."""
    data: Json = dict(row.data)
    if row.kind in _WITH_CARD:
        call_id = row.call_id or str(data.get("call_id", ""))
        facts = read_facts(connection, call_id)
        data["view"] = call_view(facts) if facts else None
    elif row.kind == "turn":
        turn = pb.TranscriptTurn(
            role=pb.Role.ValueType(_number(data, "role")),
            text=str(data.get("text", "")),
            interrupted=bool(data.get("interrupted")),
        )
        data["view"] = turn_view(_number(data, "position"), turn, is_over=False)
    return data


def _number(data: Json, name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0
