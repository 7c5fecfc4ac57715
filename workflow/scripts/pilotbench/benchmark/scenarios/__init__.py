"""Benchmark version 4: work lists on one core, seen at points of several axes.

A *core* is a pure function of (epoch, index): a kind of work, up to 64 items with all their facts,
and the draws of everything that an axis may add. A *point* says how much of each axis an instance
has; a task is one axis, and its levels are points. So all levels of all tasks are paired.

point        the axes, and a point on them
subjects     what the items of a work list are, and the fields of their records
levels       the tasks and their levels: names of points
clauses      what a request can say, clause by clause, without words
"""
