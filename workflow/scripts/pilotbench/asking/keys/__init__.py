"""The keys of providers: who may send a request, when, and through which key.

secrets          the secret of a key, found by the name of its environment variable
limiter          the slots of a key: how many requests are in flight, over all processes
opened_limiter   the limiter of a key of the config, in its folder
slot_files       the files that are these slots
adaptive_limit   how many requests a key takes at once, learned from its 429s
learned_limits   the rate limits of a model, learned from headers and 429s
limit_period     the period of such a limit, found from when it is whole again
rate_limits      what a process counts and concludes about them
usage_file       requests and tokens of the last minute, in a locked file shared by all processes
evidence         what failures in a row say about a key or a model
circuit_breaker  this evidence, shared by all processes
rejections       a model whose every request is rejected is stopped
available_keys   the keys that may be used now
slot_queue       the threads of a process that wait for any of several keys
request_slot     the slot of one request
key_client       all of these together: one request in, one completion out
key_status       the status of a key, for `status` and `unlock`
"""
