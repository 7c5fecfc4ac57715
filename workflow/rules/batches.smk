"""The batch lane: what one model asks, sent in batches at about half the price.

INPUT:  the journal, with the record of the batches that are out
OUTPUT: answers in the journal; a mark for this run only: nothing more can be batched, so that the
        shards of the model can be evaluated. The job fails as long as batches are out
"""


localrules:
    batches,


rule batches:
    output:
        over=temp(local(pilot.files.batches_over)),
    log:
        pilot.files.log("batches/{model}"),
    priority: 1
    conda:
        "../../envs/pilotbench.yaml"
    threads: 0  # it waits for hours
    params:
        model=pilot.batches.model,
        shards=pilot.batches.shards,
    script:
        "../scripts/batches.py"
