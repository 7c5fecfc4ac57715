"""Before a paid run: what it will cost, and whether every key answers.

INPUT:  the merged config; for `estimate` also journal, shard files and database as they are
OUTPUT: none: both print a table (python -m pilotbench estimate and check print the same)
"""


rule estimate:
    input:
        pilot.no_files,
    log:
        pilot.files.log("estimate"),
    conda:
        "../../envs/pilotbench.yaml"
    params:
        slots=pilot.slots_in_force(),
    script:
        "../scripts/estimate.py"


rule check:
    input:
        pilot.no_files,
    log:
        pilot.files.log("check"),
    conda:
        "../../envs/pilotbench.yaml"
    script:
        "../scripts/check.py"
