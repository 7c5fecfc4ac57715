"""External tasks: the command of another program runs for one shard, and its samples are read.

run            the command for one shard and repeat, from its gateway to its samples
shard_gateway  the gateway through which the command asks, with a token of its own
process        the process of the command; `guard` ends it with the process that started it
readers        the files that it wrote: inspect_logs, lm_eval_logs, json_files and tables
sample         what it reported about one sample
attribution    which sample a request was sent for

`episodes/external_episodes.py` makes episodes of the samples.
"""
