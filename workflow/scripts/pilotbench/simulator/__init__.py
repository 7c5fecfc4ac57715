"""A provider simulator: a real HTTP server, in its own process, that speaks as services do.

`python -m pilotbench simulate --help` explains how to run it. `ground/` has its settings, and who
answers; `apis/` the APIs that it speaks, `batches/` their batch endpoints, `families.py` the
families of models that it can be as strict as, and `strictness/` what those refuse. `GET /stats`
and `POST /reset` are its own. Every draw depends on the seed and the conversation alone, so that
two clients meet the same latencies and faults in whatever order they ask.
"""
