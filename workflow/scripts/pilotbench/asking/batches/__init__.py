"""The batch lane: requests that are answered in batches, at a lower price, and paid once.

lane            what a run does with the batches of a model
submission      from the requests of a wave to batches
parts           which requests share a batch
room            how many the service takes at once
collection      looks at batches, and fetches the results of those that are over
result_writing  from results to answers in the journal
wording         lines about a batch
calls           a call to the service within the limits of its key
"""
