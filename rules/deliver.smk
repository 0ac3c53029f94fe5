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
    priority: 90
    conda:
        "../envs/restoration.yaml"
    resources:
        mem_mb=memory_of("deliver"),
        runtime=minutes_of("deliver"),
    params:
        digest=digest_of("deliver"),
    shell:
        f"{RUN_STEP} deliver {{wildcards.batch}} --recipe {{wildcards.recipe}}"
        " --log {log:q}"


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
    conda:
        "../envs/restoration.yaml"
    shell:
        f"python {for_shell(f'{SCRIPTS}/problems.py')} {{output:q}} {{input:q}} {KEEP_LOG}"
