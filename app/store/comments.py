"""What people say of what they decided."""

from __future__ import annotations

from multimodal.errors import InvalidInputError

MAX_COMMENT = 2000
"""Characters that a comment has at most."""


def require_comment(comment: str) -> None:
    """Checks a comment.

    Raises:
        InvalidInputError: If it is too long.
    """
    if len(comment) > MAX_COMMENT:
        raise InvalidInputError(
            f"the comment has {len(comment):,} characters, expected at most {MAX_COMMENT:,}."
        )
