# What a person reviews: one page per recipe, also part of Snakemake's own report.


localrules:
    page,


rule page:
    input:
        tables=delivered,
        problems=f"{RESULTS}/{{recipe}}/problems.tsv",
    output:
        report(
            f"{RESULTS}/{{recipe}}/report.html",
            caption="../resources/report/page.rst",
            category="Restored scans",
            labels={"recipe": "{recipe}"},
        ),
    log:
        f"{RESULTS}/logs/{{recipe}}/page.log",
    shell:
        PIPED_PYTHON + "/report.py --results " + RESULTS + " --recipe {wildcards.recipe}"
        " --output {output} {input.tables} 2>&1 | tee {log}"
