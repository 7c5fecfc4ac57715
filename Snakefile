# Table of contents: what is configured, which rules there are, what can be asked for.
from snakemake.utils import min_version

min_version("9.27")


include: "workflow/rules/files.smk"
include: "workflow/rules/forks.smk"


report: "workflow/report/workflow.rst"


configfile: "config/config.yaml"
configfile: "config/models.yaml"
configfile: "config/providers.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/database.smk"
include: "workflow/rules/summary.smk"
include: "workflow/rules/doors.smk"
include: "workflow/rules/run.smk"


rule all:
    default_target: True
    input:
        TARGETS,


rule quick:
    input:
        quick_selection,


rule summary:
    input:
        targets,


rule rescore:
    input:
        without_asking,
