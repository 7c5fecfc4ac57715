"""The small deterministic world that tools read and change.

Public surface:

- `session.WorldSession(instance, tool_success_rate, repeat)`: `call(tool, arguments) -> reply`,
  `finished`, `answer`, `log` (a list of `session.CallRecord`), `goal_state(answer)`,
  `protected_broken()`, `diff()`.
- `toolbox.TOOLS`: name -> `tool.Tool`; `toolbox.CATEGORIES`; `toolbox.offered(discovery)`.
- `search.ranked(query)`: the names that `tool_search` returns.
- `references.resolve(arguments, results)`: a reference step's arguments with earlier results.
- `answers.matches(wanted, answer)`: the typed comparison; `goals`: predicates on a world.

Tools pass data by reference. A result names a `handle`; the handle depends on the data and on the
operations, not on their order in time, so that all players meet the same draws.
"""
