"""A server that forks the jobs of a run, started while the other rules are still being read.

INPUT:  none: which jobs there are is not known yet; where there are none it is ended at once
OUTPUT: a process beside a run on this machine (none beside a dry run); run.smk ends it
"""

from pilotbench.build import job_server

# What a job of a shard imports, and what it imports when it first needs it.
JOB = ["pilotbench.build.shard", "pilotbench.providers.openai_api"]
LATER = ["jsonschema", "jinja2.sandbox", "jinja2.meta", "encodings.idna"]

if workflow.is_main_process and not workflow.output_settings.dryrun:
    job_server.start(JOB + LATER)
