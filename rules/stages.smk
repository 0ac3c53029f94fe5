# The recipe's chain: one rule a stage; each takes the table of whatever stage comes before it.


rule cleanup:
    input:
        table_before("cleanup"),
        models=models_of("cleanup"),
    output:
        f"{RESULTS}/{{recipe}}/cleanup/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/{{recipe}}/cleanup/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{recipe}}/cleanup/{{batch}}.tsv"
    threads: THREADS
    resources:
        gpu=gpus_of("cleanup"),
    params:
        digest=digest_of("cleanup"),
    shell:
        PYTHON + "/run_step.py cleanup {wildcards.batch} --recipe {wildcards.recipe}"
        " --results " + RESULTS + " --threads {threads} --log {log}"


rule upscale:
    input:
        table_before("upscale"),
        models=models_of("upscale"),
    output:
        f"{RESULTS}/{{recipe}}/upscale/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/{{recipe}}/upscale/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{recipe}}/upscale/{{batch}}.tsv"
    threads: THREADS
    resources:
        gpu=gpus_of("upscale"),
    params:
        digest=digest_of("upscale"),
    shell:
        PYTHON + "/run_step.py upscale {wildcards.batch} --recipe {wildcards.recipe}"
        " --results " + RESULTS + " --threads {threads} --log {log}"
