"""The 200 tools of the level `searched`: the right ones among others that are nearly the same.

variant    a tool that is declared as a base tool with another effect
reading    effects on what a tool returns: last year's values, a sample, names without values
acting     effects on what a tool does: a draft, a broadcast, a dry run
others     tools with a purpose and parameters of their own
files, network, tables, systems, queues, notices, lookups   the declarations, by what they are for
catalogue  `SEARCHED`
search     what `tool_search` and `tool_info` tell of them

Each description tells the truth, so a careful reader can tell a tool from its neighbours.
"""
