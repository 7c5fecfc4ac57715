"""The start and the end of a run. A workflow that imports this one has none of these handlers.

INPUT:  the jobs that are about to run
OUTPUT: one line and a stop where something is missing; after a failure, database and summary of
        all that is finished
"""

pilot.report_cost_of_dry_run()


onstart:
    pilot.lifecycle.on_start(log)


onsuccess:
    pilot.lifecycle.on_success()


onerror:
    pilot.lifecycle.on_error()
