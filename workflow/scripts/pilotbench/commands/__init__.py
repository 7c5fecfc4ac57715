"""Verbs of `python -m pilotbench`; those that are about the database or the summary stand there."""
