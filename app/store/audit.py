"""An entry in the audit, written in the transaction of what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.store.tables import AuditRow


def entry(session: Session, who: str, action: str, detail: Mapping[str, Any]) -> None:
    """Adds an entry to the audit.

    Args:
        session: The transaction.
        who: Who did it.
        action: What was done, in a word.
        detail: To what; nothing by which a customer is known.
    """
    session.add(AuditRow(at=datetime.now(UTC), who=who, action=action, detail=dict(detail)))
