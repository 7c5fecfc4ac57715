"""Judges: one shard file in, one file of verdicts out, asked through the same Asker.

fence         the data of others between lines that it cannot contain
question      what a judge is asked about one reply, or about two
answers       the verdict in a judge's answer
verdicts      the verdicts on the replies of a shard, each from the journal or from the judge
verdict_file  the file that holds them
judge         evaluate one verdict shard; replay it from the journal
"""
