"""The database of the Orchestrator: schema, statements, and the writer that commits in groups."""

from orchestrator.store.ids import mint_id
from orchestrator.store.json_text import JsonText
from orchestrator.store.store import Store
from orchestrator.store.transaction import Transaction

__all__ = ["JsonText", "Store", "Transaction", "mint_id"]
