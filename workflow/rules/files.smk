"""The config files are read once before they are merged, so that a broken one is named.

INPUT:  config/config.yaml, config/models.yaml, config/providers.yaml
OUTPUT: none, or one line that names the file and what is wrong with it
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow/scripts"))

from pilotbench.config import BASE_FILES, load_file
from pilotbench.errors import UserError

try:
    for file in BASE_FILES:
        load_file(Path(file))
except UserError as error:
    sys.exit(f"error: {error}")
