"""Background jobs: the worker, the runner, and one file per kind."""
