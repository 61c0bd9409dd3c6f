"""What `make run` and `make test` start where nothing is set up: PostgreSQL from a Python package, Azurite from npm.

The application knows nothing of this package: it gets plain settings. Each part can also be had alone:
`postgres.running_postgres` and `azurite.running_azurite` are what the tests use.
"""
