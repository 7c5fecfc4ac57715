"""One shard: the episodes of one cell over a run of instance indices.

INPUT:  a prompt template, the weights of an embedded model, the journal
OUTPUT: scored episodes, results/shards/{model}/{prompt}/{task}/{difficulty}/{rate}/{shard}.jsonl.gz
"""


rule evaluate:
    input:
        prompt=local(prompt_file),
        weights=local(ancient(weights_file)),
    output:
        shard=f"{RESULTS}/shards/{SHARD}.jsonl.gz",
    log:
        f"{RESULTS}/logs/{SHARD}.log",
    conda:
        "../../envs/pilotbench.yaml"
    resources:
        **{alias: tokens(alias) for alias in SETTINGS.keys},
        local="no" if workflow.remote_exec else "yes",
    params:
        versions=lambda wildcards: MATRIX.versions(shard(wildcards).cell),
    script:
        "../scripts/evaluate.py"
