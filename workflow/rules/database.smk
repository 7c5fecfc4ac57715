"""The master database, brought up to date from the shards that are new, changed or gone.

INPUT:  every planned shard (none with partial=true: then files and journal are found as they lie)
OUTPUT: results/master.duckdb, results/master_database.json, results/exports/; results/.made, which
        a refresh after a failed run removes: then the next run makes all of this again
"""

import time
from pathlib import Path

# Snakemake fails to update a file of a bucket that has no copy here: it is built anew instead.
UPDATED = HERE == SETTINGS.results_dir or Path(HERE, "master.duckdb").exists()


rule database:
    input:
        shards=SHARDS,
    output:
        database=update(DATABASE) if UPDATED else DATABASE,
        made=touch(MADE),
    log:
        f"{RESULTS}/logs/database.log",
    conda:
        "../../envs/pilotbench.yaml"
    params:
        selection=MATRIX.selection,
        look_again=time.time() if SETTINGS.partial else None,
        refreshed=outputs.refreshed(HERE),
    script:
        "../scripts/database.py"


rule exports:
    input:
        database=DATABASE,
    output:
        master=f"{RESULTS}/master_database.json",
        parquet=f"{RESULTS}/exports/episodes.parquet",
        csv=[f"{RESULTS}/exports/{table}.csv" for table in EXPORTED],
    log:
        f"{RESULTS}/logs/exports.log",
    conda:
        "../../envs/pilotbench.yaml"
    script:
        "../scripts/exports.py"
