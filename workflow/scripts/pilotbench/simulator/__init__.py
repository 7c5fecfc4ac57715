"""A provider simulator: a real HTTP server, in its own process, that speaks chat completions.

`python -m pilotbench simulate --help` explains how to run it; setup.py has its settings.
It answers `…/chat/completions` (OpenAI) and `…/openai/deployments/{name}/chat/completions` (Azure),
and `GET /stats`, `POST /reset`. Every draw depends on the seed and the conversation alone, so that
two clients meet the same latencies and faults in whatever order they ask.
"""
