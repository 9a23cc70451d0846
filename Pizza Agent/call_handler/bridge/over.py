"""Why a bridge ended: the kind of end, and what broke."""

from dataclasses import dataclass

from call_handler.bridge.transcript import MAX_TEXT
from call_handler.outcome import EndKind
from call_handler.realtime import ModelFault
from ringback.v1.call_results_pb2 import Fault, FaultComponent

_MAX_CODE = 128


@dataclass(frozen=True, slots=True)
class Over:
    """Why the bridge ends; `fault` is None when nothing broke."""

    kind: EndKind
    fault: Fault | None = None


def lost_model(fault: ModelFault) -> Over:
    """End because the model refused, failed or was lost."""
    code, words = fault.code[:_MAX_CODE], fault.message[:MAX_TEXT]
    component = FaultComponent.FAULT_COMPONENT_MODEL
    told = Fault(component=component, code=code, message=words, retryable=fault.retryable)
    return Over(EndKind.MODEL_LOST, told)


def lost_media(code: str, message: str) -> Over:
    """End because the carrier's media stream is gone."""
    component = FaultComponent.FAULT_COMPONENT_MEDIA
    told = Fault(component=component, code=code, message=message, retryable=True)
    return Over(EndKind.MEDIA_LOST, told)


def broken_bridge(error: Exception) -> Over:
    """End because of a bug of ours."""
    name = type(error).__name__
    told = Fault(
        component=FaultComponent.FAULT_COMPONENT_HANDLER,
        code=name[:_MAX_CODE],
        message=f"The agent failed: {name}.",
        retryable=True,
    )
    return Over(EndKind.INTERNAL_ERROR, told)
