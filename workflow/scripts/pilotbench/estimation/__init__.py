"""What a matrix will cost before anything is asked: low, middle and high.

ranges   three numbers that travel together
needs    which shards run and why, and which of their episodes have something left to ask
guess    requests and tokens of an episode from its rendered first request, without any history
history  what earlier episodes say, as a factor on the guess
cells    both together, for the unanswered episodes of a cell
lanes    hours, by the keys that requests go through
totals   all of it for a matrix: requests, tokens, USD and hours for each model
"""
