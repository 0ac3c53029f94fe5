# Before any recipe: fixity and validation of the masters, then the condition report.


rule ingest:
    input:
        nothing_before,
    output:
        f"{RESULTS}/ingest/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/ingest/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/ingest/{{batch}}.tsv"
    conda:
        "../envs/restoration.yaml"
    resources:
        mem_mb=memory_of("ingest"),
        runtime=minutes_of("ingest"),
    params:
        digest=digest_of("ingest"),
    shell:
        f"{RUN_STEP} ingest {{wildcards.batch}} --log {{log:q}}"


rule examine:
    input:
        f"{RESULTS}/ingest/{{batch}}.tsv",
        models=models_of("examine"),
    output:
        f"{RESULTS}/examine/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/examine/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/examine/{{batch}}.tsv"
    priority: 10
    conda:
        "../envs/restoration.yaml"
    resources:
        mem_mb=memory_of("examine"),
        runtime=minutes_of("examine"),
    params:
        digest=digest_of("examine"),
    shell:
        f"{RUN_STEP} examine {{wildcards.batch}} --log {{log:q}}"
