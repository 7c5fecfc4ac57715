"""The config files are read once before they are merged, so that a broken one is named.

INPUT:  config/config.yaml, config/models.yaml, config/providers.yaml; where another workflow
        imports this one by `module`, the files that it has read
OUTPUT: none, or one line that names the file and what is wrong with it
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(str(workflow.current_basedir)).parent / "scripts"))

from pilotbench.matrix.config_files import BASE_FILES, load_file
from pilotbench.ground.errors import UserError

IMPORTED = workflow.modifier.namespace is not None
FILES = [Path(file) for file in (workflow.configfiles if IMPORTED else BASE_FILES)]

try:
    for file in FILES:
        load_file(file)
except UserError as error:
    sys.exit(f"error: {error}")
