"""What the processes of the simulation are asked by others."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from orchestrator.call_results.access import Right
from ringback.v1 import call_results_pb2 as pb
from tests.simulation.line import Line

NO_RIGHTS: frozenset[Right] = frozenset()


class OrchestratorDoors(ABC):
    """What an Orchestrator is asked."""

    @abstractmethod
    async def report(self, request: pb.ReportRequest) -> pb.ReportResponse:
        """Take a result."""

    @abstractmethod
    async def batch_report(self, request: pb.BatchReportRequest) -> pb.BatchReportResponse:
        """Take results."""

    @abstractmethod
    async def report_progress(self, request: pb.ReportProgressRequest) -> pb.ReportProgressResponse:
        """Take a progress."""

    @abstractmethod
    async def get_result(self, request: pb.GetResultRequest) -> pb.GetResultResponse:
        """Give a result."""

    @abstractmethod
    async def call_back(
        self, call_id: str, form: Mapping[str, str], duration_s: int | None, at_us: int
    ) -> int:
        """Take a status callback; answers the HTTP status."""

    @abstractmethod
    async def confirm(self, task_id: str, key: str, number: str) -> str:
        """Take the person's yes; answers the call_id."""

    @abstractmethod
    async def cancel(self, call_id: str) -> None:
        """Take the person's no."""


class HandlerDoors(ABC):
    """What a Call Handler is asked."""

    @abstractmethod
    async def order(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Take an order; answers status, headers and body."""

    @abstractmethod
    async def open_stream(self, line: Line) -> None:
        """Let a media stream in, and return."""

    @abstractmethod
    async def after_stream(self, call_id: str) -> str | None:
        """Say what the callee hears now; None: nothing."""

    @abstractmethod
    async def hold_external(self, call_sid: str, turns: int) -> None:
        """Hold a call that nobody ordered, as a foreign agent does."""
