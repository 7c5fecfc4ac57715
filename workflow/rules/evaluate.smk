"""One shard: the episodes of one cell over a range of instances.

INPUT:  a prompt template, the weights of an embedded model, the end of the batches of a model that
        is asked in batches, the journal
OUTPUT: scored episodes, results/shards/{model}/{prompt}/{task}/{difficulty}/{rate}/{shard}.jsonl.gz
"""


rule evaluate:
    input:
        prompt=local(pilot.prompt_file),
        weights=local(pilot.weights_file),
        batches=local(ancient(pilot.batches.mark)),
    output:
        shard=pilot.files.shard,
    log:
        pilot.files.log(SHARD),
    conda:
        "../../envs/pilotbench.yaml"
    resources:
        **pilot.job_slots(),
        local="no" if pilot.runs_on_cluster else "yes",
    params:
        versions=pilot.versions,
    script:
        "../scripts/evaluate.py"
