"""Who may ask, when, and how much: everything that is counted per key.

routing   which key a shard goes to
secrets   a key's secret, by the name of its environment variable
scrubber  secrets taken out of what services write
limiter   slots: how many requests are in flight, over all processes; pace: how many a key takes
ledger    requests and tokens per minute, and the budget, in one locked file
line      threads of one process that wait for any of several keys
pool      all of these together: one request in, one completion out
holders   the processes that use a budget
budget    what a matrix may spend; spending: what it has spent, from a run's start to its end
"""
