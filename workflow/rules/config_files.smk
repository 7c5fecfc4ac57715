"""The config files, each checked before Snakemake merges it, so that a broken one is named.

INPUT:  config/config.yaml, config/models.yaml, config/providers.yaml beside the Snakefile, and in a
        working folder elsewhere its own files of these names; where another workflow imports this
        one by `module`, the files that it has read
OUTPUT: `config`, or one line that names the file and what is wrong with it
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(str(workflow.current_basedir)).parent / "scripts"))

from pilotbench.build import config_files

CONFIG_FILES = config_files.load(workflow)
