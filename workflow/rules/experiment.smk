"""The checked experiment: what the rules are made of, and the limits of the keys.

INPUT:  the merged config; of a workflow that imports this one by `module`, the keys that differ
OUTPUT: `pilot`, which the other rule files ask; one Snakemake resource for each key
"""

from pilotbench.build.result_files import SHARD
from pilotbench.build.workflow import Workflow

config = config_files.complete(workflow, config)
pilot = Workflow.load(workflow, config, CONFIG_FILES)


wildcard_constraints:
    **pilot.wildcard_patterns(),
