"""Every call its one result: the carrier's books against what the Orchestrator has stored."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import grpc

from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc

_DEADLINE_S = 10.0
_PAGE = 200
_LOOK_S = 0.1

Fact = Mapping[str, object]


def read_ledger(path: Path, kind: str) -> Iterator[Fact]:
    """Yield the lines of one kind in the sandbox's books."""
    with path.open(encoding="utf-8") as file:
        for text in file:
            line: Fact = json.loads(text)
            if line["kind"] == kind:
                yield line


def list_placed(path: Path) -> list[str]:
    """List the call_ids of all calls that the carrier accepted."""
    creates = read_ledger(path, "create")
    return [str(line["call_id"]) for line in creates if line["verdict"] == "accepted"]


async def list_results(target: str) -> list[pb.CallResult]:
    """List every result that the Orchestrator has."""
    results: list[pb.CallResult] = []
    async with grpc.aio.insecure_channel(target) as channel:
        stub: pb_grpc.CallResultsAsyncStub = pb_grpc.CallResultsStub(channel)
        token = ""
        while True:
            request = pb.ListResultsRequest(page_size=_PAGE, page_token=token)
            page = await stub.ListResults(request, timeout=_DEADLINE_S)
            results += page.results
            token = page.next_page_token
            if not token:
                return results


async def count_without_one_result(ledger: Path, target: str, within_s: float) -> int:
    """Count the calls placed that do not have exactly one result, and results of no call.

    Waits at most `within_s` for what is still on its way.
    """
    until = asyncio.get_running_loop().time() + within_s
    while True:
        wrong = _count_wrong(list_placed(ledger), await list_results(target))
        if not wrong or asyncio.get_running_loop().time() > until:
            return wrong
        await asyncio.sleep(_LOOK_S)


def _count_wrong(placed: list[str], results: list[pb.CallResult]) -> int:
    of_call = Counter(result.call_id for result in results)
    twice_placed = len(placed) - len(set(placed))
    return (
        twice_placed
        + sum(of_call[call_id] != 1 for call_id in set(placed))
        + len(of_call.keys() - set(placed))
    )
