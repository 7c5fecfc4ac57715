"""Everything that knows Snakemake: what the rule files ask, and what surrounds the jobs of a run.

snakemake_internals  each undocumented name of Snakemake behind a function
config_files         the config files are readable
workflow             what the rules ask; result_files: the paths they write
lifecycle            the start and the end of a run; preflight: the checks before the first job
run_lock             whether another run is alive in this folder, or has left its lock behind
job_server           the process that jobs are forked from; shard: the job of one shard
job                  what surrounds a job: its log, its signals, its errors
progress             how much of a run is finished
outputs              database, exports and summary, each from the one before
"""
