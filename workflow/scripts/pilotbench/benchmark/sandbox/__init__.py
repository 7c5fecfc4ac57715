"""A sandbox that runs programs of models against tests.

`isolation` chooses and starts it on this machine. In it, `server` is the first process; for each
reply it starts two more: `program` runs the model's code and `tester` the tests. They share nothing
but a channel of plain values (`plain_values`, `remote`), so that the program can do no more than
answer calls: it cannot see the tests, and the verdict is made where it cannot reach.
"""
