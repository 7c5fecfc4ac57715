"""The scorers of question packs by name. A new scorer is a module that ends in `SCORER = …`."""

from pilotbench.benchmark.scorers.scorer import Scorer
from pilotbench.ground.declarations import declared

SCORERS_VERSION = "4"
"""Version of all scorers; a change re-scores stored answers and is a line in the CHANGELOG."""

SCORERS: dict[str, Scorer] = declared(__name__, __path__, "SCORER")
