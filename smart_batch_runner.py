#!/usr/bin/env python3
"""The predecessor's batch runner: its flags become one snakemake command (see --help)."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    legacy = Path(__file__).resolve().parent / "workflow/legacy"
    sys.argv = [str(legacy), "smart_batch_runner.py", *sys.argv[1:]]
    runpy.run_path(str(legacy), run_name="__main__")
