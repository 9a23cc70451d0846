"""POST /order: the door through which the Orchestrator has calls placed."""

from call_handler.orders.desk import OrderDesk
from call_handler.orders.door import router
from call_handler.orders.unanswered import release_unanswered

__all__ = ["OrderDesk", "release_unanswered", "router"]
