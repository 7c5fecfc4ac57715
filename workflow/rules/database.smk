"""The master database, brought up to date from the shards that are new, changed or removed, and
what is exported from it.

INPUT:  every planned shard and file of verdicts (none with partial=true: files and journal are
        read as they are); results/.refreshed, if a failed run refreshed the database
OUTPUT: results/master.duckdb, results/master_database.json, results/exports/; results/.made, which
        a refresh after a failed run removes: then the next run makes all of this again
"""


rule database:
    input:
        shards=pilot.planned_shards,
        verdicts=pilot.planned_verdicts,
        refreshed=local(pilot.refreshed),
    output:
        database=(
            update(pilot.files.database)
            if pilot.can_update("master.duckdb")
            else pilot.files.database
        ),
        made=touch(pilot.files.made),
        master=pilot.files.master_json,
        parquet=pilot.files.parquet,
        csv=pilot.files.csv,
    log:
        pilot.files.log("database"),
    conda:
        "../../envs/pilotbench.yaml"
    params:
        **pilot.database_params,
    script:
        "../scripts/database.py"
