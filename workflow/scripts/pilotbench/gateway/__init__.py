"""The gateway: other programs ask the models of the config through it, in OpenAI's form.

occurrences    which of several equal requests one is
labels         the labels that may ask, and their tokens
replies        an answer as JSON or as a stream of events
failures       an error in OpenAI's form
requests       what a client asks for
service        from a request to its reply, and what was asked so far
server         HTTP
"""
