"""What people touch: command line, settings, store, API, dashboard."""
