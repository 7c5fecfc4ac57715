"""The summary page and its tables; on request also its figures as files: snakemake figures

INPUT:  the master database
OUTPUT: results/reference.json, what oracle and random player score on the draws of the models;
        results/summary/ (index.html, summary.md, summary.json, tables/, figures/); page, tables and
        figures are in Snakemake's own report too. While the folder figures/ is there, it is a result
        like the others and kept up to date
"""


rule summary_pages:
    input:
        database=pilot.files.database,
    output:
        played=(
            update(pilot.files.reference)
            if pilot.can_update("reference.json")
            else pilot.files.reference
        ),
        page=report(
            pilot.files.summary("index.html"),
            caption="../report/page.rst",
            category="Summary",
        ),
        markdown=pilot.files.summary("summary.md"),
        text=pilot.files.summary("summary.txt"),
        json=pilot.files.summary("summary.json"),
        tables=report(
            directory(pilot.files.summary("tables")),
            patterns=["{table}.csv"],
            caption="../report/table.rst",
            category="Tables",
            labels=lambda w: {"table": pilot.caption("tables", w.table)["title"]},
        ),
    log:
        pilot.files.log("summary"),
    conda:
        "../../envs/pilotbench.yaml"
    script:
        "../scripts/summary.py"


rule figures:
    input:
        database=pilot.files.database,
        captions=pilot.files.summary("summary.json"),
    output:
        figures=report(
            directory(pilot.files.figures),
            patterns=["{figure}.svg"],
            caption=pilot.figure_captions,
            category=lambda w: pilot.caption("figures", w.figure)["section"],
            labels=lambda w: {"figure": pilot.caption("figures", w.figure)["title"]},
        ),
    log:
        pilot.files.log("figures"),
    conda:
        "../../envs/pilotbench.yaml"
    script:
        "../scripts/figures.py"
