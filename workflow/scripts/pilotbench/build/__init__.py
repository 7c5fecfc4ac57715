"""Around the jobs of a run.

runlock    whether another run is alive in this folder, or has left its lock behind
preflight  what is looked at before any job starts
orders     what a run tells its jobs; command: how it was started
forks      the process that jobs are forked from; shard: the job of one shard
job        the frame of a job: its log, its signals, its errors
progress   how far a run is
outputs    database, exports and summary, each from the one before
"""
