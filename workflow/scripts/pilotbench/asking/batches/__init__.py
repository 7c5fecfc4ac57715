"""The batch lane: requests that are answered in batches, at a lower price, and paid once.

lane  submits the requests of a wave, and writes the answers to the journal
"""
