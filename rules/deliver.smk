# The deliverable: written, read back, compared; and the scans that could not be delivered.


localrules:
    problems,


rule deliver:
    input:
        table_before("deliver"),
    output:
        f"{RESULTS}/{{recipe}}/deliver/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/{{recipe}}/deliver/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{recipe}}/deliver/{{batch}}.tsv"
    params:
        digest=digest_of("deliver"),
    shell:
        PYTHON + "/run_step.py deliver {wildcards.batch} --recipe {wildcards.recipe}"
        " --results " + RESULTS + " --log {log}"


rule problems:
    input:
        delivered,
    output:
        report(
            f"{RESULTS}/{{recipe}}/problems.tsv",
            caption="../resources/report/problems.rst",
            category="Problems",
            labels={"recipe": "{recipe}"},
        ),
    log:
        f"{RESULTS}/logs/{{recipe}}/problems.log",
    shell:
        PIPED_PYTHON + "/problems.py {output} {input} 2>&1 | tee {log}"
