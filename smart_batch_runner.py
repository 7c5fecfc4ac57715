#!/usr/bin/env python3
"""The predecessor's batch runner: its flags become one snakemake command (see --help)."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    door = Path(__file__).resolve().parent / "workflow/doors.py"
    sys.argv = [str(door), "smart_batch_runner.py", *sys.argv[1:]]
    runpy.run_path(str(door), run_name="__main__")
