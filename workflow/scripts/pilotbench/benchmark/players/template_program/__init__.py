"""How the player `template` reads the requests of version 4: by patterns, without a model.

It is written as somebody would who games the benchmark: from public requests, the replies of tools
and the source of tools and scoring, without the files of wordings. What it scores shows what
patterns can score.
"""
