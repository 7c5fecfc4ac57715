"""What a person looks at.

INPUT:  the master database
OUTPUT: results/summary/ (index.html, summary.md, summary.json, tables/, figures/)
"""


rule summary_pages:
    input:
        database=DATABASE,
    output:
        page=report(SUMMARY, caption="../report/summary.rst", category="Summary"),
        markdown=f"{RESULTS}/summary/summary.md",
        json=f"{RESULTS}/summary/summary.json",
    log:
        f"{RESULTS}/logs/summary.log",
    conda:
        "../../envs/pilotbench.yaml"
    script:
        "../scripts/summary.py"
