# Before any recipe: fixity and validation of the masters, then the condition report.


rule ingest:
    output:
        f"{RESULTS}/ingest/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/ingest/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/ingest/{{batch}}.tsv"
    params:
        digest=digest_of("ingest"),
    shell:
        PYTHON + "/run_step.py ingest {wildcards.batch} --results " + RESULTS + " --log {log}"


rule examine:
    input:
        ancient(f"{RESULTS}/ingest/{{batch}}.tsv"),
    output:
        f"{RESULTS}/examine/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/examine/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/examine/{{batch}}.tsv"
    params:
        digest=digest_of("examine"),
    shell:
        PYTHON + "/run_step.py examine {wildcards.batch} --results " + RESULTS + " --log {log}"
