"""Tests; as a package for `python -m tests.trust`."""
