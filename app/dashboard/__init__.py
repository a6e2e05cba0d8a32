"""The supervisors' pages: a client of the HTTP API, with no SQL and no model code."""
