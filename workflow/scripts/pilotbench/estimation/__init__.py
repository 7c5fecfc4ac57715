"""Estimate what an experiment will cost before anything is asked: low, likely and high.

ranges   a range of three numbers: low, middle, high
needs    which shards run and why, and which of their episodes are unfinished
guess    requests and tokens of an episode from its rendered first request, without history
history  what earlier episodes used, turn by turn
cells    guess and history combined, for the unfinished episodes of a cell
costs    USD, by tier and lane, length of requests and cached input
lanes    hours, by the keys that requests go through
totals   requests, tokens, USD and hours of an experiment, per model
"""
