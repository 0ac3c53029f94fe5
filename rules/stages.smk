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
    conda:
        "../envs/restoration.yaml"
    threads: THREADS
    resources:
        gpu=gpus_of("cleanup"),
    params:
        digest=digest_of("cleanup"),
    shell:
        f"{RUN_STEP} cleanup {{wildcards.batch}} --recipe {{wildcards.recipe}}"
        " --threads {threads} --log {log:q}"


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
    conda:
        "../envs/restoration.yaml"
    threads: THREADS
    resources:
        gpu=gpus_of("upscale"),
    params:
        digest=digest_of("upscale"),
    shell:
        f"{RUN_STEP} upscale {{wildcards.batch}} --recipe {{wildcards.recipe}}"
        " --threads {threads} --log {log:q}"
