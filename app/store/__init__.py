"""Where conversations are kept: SQLite or PostgreSQL, behind one class."""

from __future__ import annotations

from app.store.errors import DatabaseUnavailableError
from app.store.governance import Erased
from app.store.migrate import upgrade
from app.store.query import Filter
from app.store.reading import Listed, StoredConversation
from app.store.retention import Swept
from app.store.scope import LOCAL, Scope
from app.store.store import Store
from app.store.writing import Saved, WriteKey

__all__ = [
    "LOCAL",
    "DatabaseUnavailableError",
    "Erased",
    "Filter",
    "Listed",
    "Saved",
    "Scope",
    "Store",
    "StoredConversation",
    "Swept",
    "WriteKey",
    "upgrade",
]
