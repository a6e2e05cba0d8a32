"""The HTTP API: everything that the dashboard and other programs do goes through it."""

from __future__ import annotations

from app.api.application import create_app

__all__ = ["create_app"]
