"""Reports of what the carrier adds to a call beside its status: a recording, who answered.

Either proves that somebody answered, and whom the carrier connected it calls completed in the end.
"""

from orchestrator.call_results.model import CallReport
from ringback.v1 import call_results_pb2 as pb


def recording_report(call_id: str, call_sid: str, url: str) -> CallReport:
    """Say where the recording of a call can be heard."""
    return CallReport(
        call_id=call_id,
        call_sid=call_sid,
        status=pb.CALL_STATUS_COMPLETED,
        source=pb.SOURCE_PROVIDER,
        report_id="recording",
        recording_url=url,
    )


def answerer_report(call_id: str, call_sid: str, answered_by: int) -> CallReport:
    """Say who answered a call that is over already."""
    return CallReport(
        call_id=call_id,
        call_sid=call_sid,
        status=pb.CALL_STATUS_COMPLETED,
        source=pb.SOURCE_PROVIDER,
        report_id="answered-by",
        answered_by=answered_by,
    )
