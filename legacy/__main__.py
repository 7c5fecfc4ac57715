"""`python legacy SCRIPT WORD…`, where SCRIPT is the name of a script in the top folder."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from legacy.scripts import main

    main(sys.argv[1], sys.argv[2:])
