#!/usr/bin/env python3
"""The predecessor's batch runner: its flags become one snakemake command (see --help)."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from legacy.scripts import main

    main("smart_batch_runner.py", sys.argv[1:])
