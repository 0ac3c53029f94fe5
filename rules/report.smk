# What a person reviews: one page per recipe, also part of Snakemake's own report.


localrules:
    page,
    manifest,


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
    conda:
        "../envs/restoration.yaml"
    shell:
        f"python {for_shell(f'{SCRIPTS}/report.py')} --results {for_shell(RESULTS)}"
        f" --recipe {{wildcards.recipe}} --output {{output:q}} {{input.tables:q}} {KEEP_LOG}"


# The SHA-256 of everything that was written, as each job noted it; for sha256sum -c.
rule manifest:
    input:
        pages_of_every_recipe,
    output:
        f"{RESULTS}/manifest-sha256.txt",
    log:
        f"{RESULTS}/logs/manifest.log",
    conda:
        "../envs/restoration.yaml"
    shell:
        f"python {for_shell(f'{SCRIPTS}/manifest.py')} --results {for_shell(RESULTS)} {KEEP_LOG}"
