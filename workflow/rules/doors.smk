"""Before money is spent: what a run will cost, and whether every key answers.

INPUT:  the merged config; for `estimate` also journal, shard files and database as they lie
OUTPUT: none: both print a table (python -m pilotbench estimate and check print the same)
"""


rule estimate:
    log:
        f"{RESULTS}/logs/estimate.log",
    conda:
        "../../envs/pilotbench.yaml"
    params:
        slots=slots_in_force(),
    script:
        "../scripts/estimate.py"


rule check:
    log:
        f"{RESULTS}/logs/check.log",
    conda:
        "../../envs/pilotbench.yaml"
    script:
        "../scripts/check.py"
