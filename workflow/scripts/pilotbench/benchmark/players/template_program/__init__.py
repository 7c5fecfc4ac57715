"""How the player `template` reads the requests of version 4: by patterns, without a model.

It is written as somebody would who games the benchmark: from public requests and the replies of
tools, without the files of wordings. What it scores bounds what patterns can score.
"""
