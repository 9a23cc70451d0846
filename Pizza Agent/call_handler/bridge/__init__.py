"""The bridge: audio both ways between carrier and model until one side ends."""

from call_handler.bridge.bridge import Bridge
from call_handler.bridge.conduct import ConductRules
from call_handler.bridge.dialogue import Dialogue, DialogueSetup
from call_handler.bridge.limits import BridgeLimits
from call_handler.bridge.sockets import CarrierSocket, ModelConnector, ModelSocket, Signals
from call_handler.bridge.transcript import TurnJournal

__all__ = [
    "Bridge",
    "BridgeLimits",
    "CarrierSocket",
    "ConductRules",
    "Dialogue",
    "DialogueSetup",
    "ModelConnector",
    "ModelSocket",
    "Signals",
    "TurnJournal",
]
