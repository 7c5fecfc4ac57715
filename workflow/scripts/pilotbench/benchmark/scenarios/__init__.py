"""Benchmark version 4: work lists on one core, seen at points of several axes.

A *core* is a pure function of (epoch, index): a kind of work, up to 64 items with all their facts,
and the draws of everything that an axis may add. A *point* says how much of each axis an instance
has; a task is one axis, and its levels are points. So all levels of all tasks are paired.

point, levels  the axes; the tasks and their levels, which are names of points
core           what is drawn for an index
work           a core at a point: what has to happen to each item
worlds         the starting world of that work
goals, plans   what is to be reached, and the calls by which the oracle reaches it
requests       what the request says, clause by clause; `wording/` puts the clauses into words
build          the instance of a task, made of all this
session        an episode: `tools/` on a world, and a person who may speak
outcome        which predicates of the goal hold, and what else has changed
scoring, task  the score of an episode, and the interface of a task

`terms/` has the kinds of items and of clauses, `policy/` the house rules.
"""
