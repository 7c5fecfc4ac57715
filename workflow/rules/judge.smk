"""The verdicts of judges: models that judge the replies of question packs by a rubric.

INPUT:  the shard files that hold the replies, of a comparison those of both models; the weights
        of an embedded judge
OUTPUT: results/verdicts/single/{judge}/… and results/verdicts/pair/{judge}/{other}/…, followed by
        the path of the shard: one verdict per reply or pair, order and repeat, with its reason
"""


rule judge:
    input:
        replies=pilot.judged_files,
        weights=local(pilot.judge_weights),
    output:
        verdicts=pilot.files.verdict("single/{judge}"),
    log:
        pilot.files.log(f"verdicts/single/{{judge}}/{SHARD}"),
    conda:
        "../../envs/pilotbench.yaml"
    resources:
        **pilot.judge_slots(),
        local="no" if pilot.runs_on_cluster else "yes",
    params:
        versions=pilot.verdict_versions,
    script:
        "../scripts/judge.py"


rule compare:
    input:
        replies=pilot.judged_files,
        weights=local(pilot.judge_weights),
    output:
        verdicts=pilot.files.verdict("pair/{judge}/{other}"),
    log:
        pilot.files.log(f"verdicts/pair/{{judge}}/{{other}}/{SHARD}"),
    conda:
        "../../envs/pilotbench.yaml"
    resources:
        **pilot.judge_slots(),
        local="no" if pilot.runs_on_cluster else "yes",
    params:
        versions=pilot.verdict_versions,
    script:
        "../scripts/judge.py"
