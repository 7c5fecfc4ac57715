"""What a person looks at.

INPUT:  the master database
OUTPUT: results/summary/ (index.html, summary.md, summary.json, tables/, figures/); page, figures and
        tables are in Snakemake's own report too
"""


rule summary_pages:
    input:
        database=DATABASE,
    output:
        page=report(SUMMARY, caption="../report/page.rst", category="Summary"),
        markdown=f"{RESULTS}/summary/summary.md",
        text=f"{RESULTS}/summary/summary.txt",
        json=f"{RESULTS}/summary/summary.json",
        figures=report(
            directory(f"{RESULTS}/summary/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category=lambda wildcards: in_report("figures", wildcards.figure)[
                "section"
            ],
            labels=lambda wildcards: {
                "figure": in_report("figures", wildcards.figure)["title"]
            },
        ),
        tables=report(
            directory(f"{RESULTS}/summary/tables"),
            patterns=["{table}.csv"],
            caption="../report/table.rst",
            category="Tables",
            labels=lambda wildcards: {
                "table": in_report("tables", wildcards.table)["title"]
            },
        ),
    log:
        f"{RESULTS}/logs/summary.log",
    conda:
        "../../envs/pilotbench.yaml"
    script:
        "../scripts/summary.py"
