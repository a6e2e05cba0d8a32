"""Who may do what: people who sign in, and programs with keys.

principal    who makes a request, and what they may see
passwords    passwords: hashed, checked, made
sign_in      a name and a password become a session, a token becomes a principal
first_admin  the admin of a new installation
"""

from __future__ import annotations

SESSION_COOKIE = "emotion_monitor_session"
"""The cookie with the session's token: set by the API, which browsers send to the dashboard too,
because cookies belong to a host and not to its ports."""
