"""The list of calls: filters and pages as in Twilio's list resource."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from itertools import islice
from urllib.parse import urlencode

from sandbox.calls import API, Call
from sandbox.errors import RestRefusal

DEFAULT_PAGE, MAX_PAGE = 50, 1_000
_PAGING = {"PageSize", "Page", "PageToken"}

Test = Callable[[Call], bool]


def list_calls(
    calls: Iterable[Call], query: list[tuple[str, str]], account_sid: str
) -> dict[str, object]:
    """Give one page of `calls` (newest first). Raises: RestRefusal for what is not known."""
    fields = dict(query)
    size = _whole(fields, "PageSize", DEFAULT_PAGE, (1, MAX_PAGE))
    page = _whole(fields, "Page", 0, (0, 1_000_000))
    tests = [_read_filter(name, value) for name, value in query if name not in _PAGING]
    matching = [call for call in calls if all(test(call) for test in tests)]
    start = _start(matching, fields.get("PageToken", ""), page * size)
    shown = list(islice(matching, start, start + size))
    has_next = start + size < len(matching)
    last = shown[-1].sid if shown else ""
    uri = _page_uri(account_sid, query)

    def at(number: int, token: str) -> str:
        place = [("PageSize", str(size)), ("Page", str(number))]
        return uri(place + ([("PageToken", token)] if token else []))

    return {
        "calls": [call.resource() for call in shown],
        "page": page,
        "page_size": size,
        "start": start,
        "end": max(start, start + len(shown) - 1),
        "uri": at(page, fields.get("PageToken", "")),
        "first_page_uri": at(0, ""),
        "next_page_uri": at(page + 1, f"PA{last}") if has_next else None,
        "previous_page_uri": at(page - 1, "") if page else None,
    }


def _page_uri(
    account_sid: str, query: list[tuple[str, str]]
) -> Callable[[list[tuple[str, str]]], str]:
    filters = [(name, value) for name, value in query if name not in _PAGING]
    path = f"/{API}/Accounts/{account_sid}/Calls.json"
    return lambda place: f"{path}?{urlencode(filters + place)}"


def _start(matching: list[Call], token: str, default: int) -> int:
    """Give where the page starts: after the call that the token names, so that none repeats."""
    for index, call in enumerate(matching):
        if token == f"PA{call.sid}":
            return index + 1
    return default


def _read_filter(name: str, value: str) -> Test:
    match name:
        case "To":
            return lambda call: call.form.to == value
        case "From":
            return lambda call: call.form.from_ == value
        case "Status":
            return lambda call: call.status == value
        case "ParentCallSid":
            return lambda _: False
        case _:
            return _read_date_filter(name, value)


_MOMENTS: Mapping[str, Callable[[Call], datetime | None]] = {
    "StartTime": lambda call: call.started,
    "EndTime": lambda call: call.ended,
}
_RELATIONS: Mapping[str, Callable[[date, date], bool]] = {
    "": lambda day, wanted: day == wanted,
    "<": lambda day, wanted: day <= wanted,
    ">": lambda day, wanted: day >= wanted,
}


def _read_date_filter(name: str, value: str) -> Test:
    base, relation = name.rstrip("<>"), name[len(name.rstrip("<>")) :]
    moment_of, holds = _MOMENTS.get(base), _RELATIONS.get(relation)
    if moment_of is None or holds is None:
        raise RestRefusal(20001, f"unknown filter {name!r}")
    try:
        wanted = date.fromisoformat(value[: len("2026-01-02")])
    except ValueError as error:
        raise RestRefusal(20001, f"{name} {value!r} is not a date") from error

    def test(call: Call) -> bool:
        moment = moment_of(call)  # a call without that time yet is hidden by the filter
        return moment is not None and holds(moment.date(), wanted)

    return test


def _whole(fields: Mapping[str, str], name: str, default: int, span: tuple[int, int]) -> int:
    text = fields.get(name, str(default))
    if not text.isdecimal() or int(text) < span[0]:
        raise RestRefusal(20001, f"{name} {text!r} is not a whole number from {span[0]}")
    return min(int(text), span[1])
