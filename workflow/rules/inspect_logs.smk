"""Logs for the viewer of Inspect AI, made only on request: snakemake results/exports/inspect

INPUT:  the master database, the shard files
OUTPUT: results/exports/inspect/{model}/{prompt}/{task}/{difficulty}/{rate}.eval
"""


rule inspect_logs:
    input:
        database=pilot.files.database,
    output:
        logs=directory(pilot.files.inspect_logs),
    log:
        pilot.files.log("inspect_logs"),
    conda:
        "../../envs/pilotbench.yaml"
    script:
        "../scripts/inspect_logs.py"
