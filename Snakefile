# Table of contents: what is configured, which rules there are, what can be asked for.
from snakemake.utils import min_version

min_version("9.27")


include: "workflow/rules/config_files.smk"


report: "workflow/report/workflow.rst"


include: "workflow/rules/experiment.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/batches.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/judge.smk"
include: "workflow/rules/database.smk"
include: "workflow/rules/summary.smk"
include: "workflow/rules/inspect_logs.smk"
include: "workflow/rules/preflight.smk"
include: "workflow/rules/handlers.smk"


rule all:
    default_target: True
    input:
        pilot.targets,


rule quick:
    input:
        pilot.quick_targets,


rule summary:
    input:
        pilot.all_targets,


rule rescore:
    input:
        pilot.targets_without_asking,
