"""Benchmarks: the real service on real PostgreSQL and Azurite, each figure beside its limit in the same run (`make bench`)."""
