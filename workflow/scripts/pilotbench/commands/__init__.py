"""The commands: each module that defines `add_arguments` and `run` is `pilotbench NAME`.

Its docstring is the help text. `__main__` finds the modules, adds `--json` to each and imports only
the one that is run.
"""
