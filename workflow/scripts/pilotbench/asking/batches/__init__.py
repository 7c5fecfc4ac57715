"""The batch lane: requests that are answered in batches, at a lower price, and paid once.

lane        what a run does with the batches of a model
submission  from the requests of a wave to batches
parts       which requests share a batch
room        how many the service takes at once
collection  from batches to answers in the journal
calls       a call to the service within the limits of its key
"""
