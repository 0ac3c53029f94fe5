# The recipe's chain: one rule a stage; each takes the table of whatever stage comes before it.
# Priorities rise along the way: a batch that was begun is finished before the next one, so that
# few images wait on the disk, and the first deliverables are there early.


rule descreen:
    input:
        table_before("descreen"),
    output:
        f"{RESULTS}/{{recipe}}/descreen/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/{{recipe}}/descreen/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{recipe}}/descreen/{{batch}}.tsv"
    priority: 20
    conda:
        "../envs/restoration.yaml"
    threads: THREADS
    resources:
        mem_mb=memory_of("descreen"),
        runtime=minutes_of("descreen"),
    params:
        digest=digest_of("descreen"),
    shell:
        f"{RUN_STEP} descreen {{wildcards.batch}} --recipe {{wildcards.recipe}}"
        " --threads {threads} --log {log:q}"


rule repair:
    input:
        table_before("repair"),
    output:
        f"{RESULTS}/{{recipe}}/repair/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/{{recipe}}/repair/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{recipe}}/repair/{{batch}}.tsv"
    priority: 30
    conda:
        "../envs/restoration.yaml"
    threads: THREADS
    resources:
        mem_mb=memory_of("repair"),
        runtime=minutes_of("repair"),
    params:
        digest=digest_of("repair"),
    shell:
        f"{RUN_STEP} repair {{wildcards.batch}} --recipe {{wildcards.recipe}}"
        " --threads {threads} --log {log:q}"


rule denoise:
    input:
        table_before("denoise"),
        models=models_of("denoise"),
    output:
        f"{RESULTS}/{{recipe}}/denoise/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/{{recipe}}/denoise/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{recipe}}/denoise/{{batch}}.tsv"
    priority: 40
    conda:
        "../envs/restoration.yaml"
    threads: THREADS
    resources:
        mem_mb=memory_of("denoise"),
        runtime=minutes_of("denoise"),
        gpu=gpus_of("denoise"),
    params:
        digest=digest_of("denoise"),
    shell:
        f"{RUN_STEP} denoise {{wildcards.batch}} --recipe {{wildcards.recipe}}"
        " --threads {threads} --log {log:q}"


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
    priority: 50
    conda:
        "../envs/restoration.yaml"
    threads: THREADS
    resources:
        mem_mb=memory_of("cleanup"),
        runtime=minutes_of("cleanup"),
        gpu=gpus_of("cleanup"),
    params:
        digest=digest_of("cleanup"),
    shell:
        f"{RUN_STEP} cleanup {{wildcards.batch}} --recipe {{wildcards.recipe}}"
        " --threads {threads} --log {log:q}"


rule faces:
    input:
        table_before("faces"),
        models=models_of("faces"),
    output:
        f"{RESULTS}/{{recipe}}/faces/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/{{recipe}}/faces/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{recipe}}/faces/{{batch}}.tsv"
    priority: 60
    conda:
        "../envs/restoration.yaml"
    threads: THREADS
    resources:
        mem_mb=memory_of("faces"),
        runtime=minutes_of("faces"),
        gpu=gpus_of("faces"),
    params:
        digest=digest_of("faces"),
    shell:
        f"{RUN_STEP} faces {{wildcards.batch}} --recipe {{wildcards.recipe}}"
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
    priority: 70
    conda:
        "../envs/restoration.yaml"
    threads: THREADS
    resources:
        mem_mb=memory_of("upscale"),
        runtime=minutes_of("upscale"),
        gpu=gpus_of("upscale"),
    params:
        digest=digest_of("upscale"),
    shell:
        f"{RUN_STEP} upscale {{wildcards.batch}} --recipe {{wildcards.recipe}}"
        " --threads {threads} --log {log:q}"


rule colour:
    input:
        table_before("colour"),
    output:
        f"{RESULTS}/{{recipe}}/colour/{{batch}}.tsv",
    log:
        f"{RESULTS}/logs/{{recipe}}/colour/{{batch}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{recipe}}/colour/{{batch}}.tsv"
    priority: 80
    conda:
        "../envs/restoration.yaml"
    threads: THREADS
    resources:
        mem_mb=memory_of("colour"),
        runtime=minutes_of("colour"),
    params:
        digest=digest_of("colour"),
    shell:
        f"{RUN_STEP} colour {{wildcards.batch}} --recipe {{wildcards.recipe}}"
        " --threads {threads} --log {log:q}"
