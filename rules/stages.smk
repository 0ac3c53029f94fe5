# The recipe's chain: one rule a stage, made from the registry (`config/stages` of the package). Each
# takes the table of whatever stage comes before it.


# A function, and not the body of the loop: Snakemake works a command out once more when the job
# runs, and would find the loop's last stage in every rule.
def rule_of(stage):
    """Make the rule of one stage."""

    rule:
        name:
            stage
        input:
            table_before(stage),
            **weights_before(stage),
        output:
            f"{RESULTS}/{{recipe}}/{stage}/{{batch}}.tsv",
        log:
            f"{RESULTS}/logs/{{recipe}}/{stage}/{{batch}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/{{recipe}}/{stage}/{{batch}}.tsv"
        priority: priority_of(stage)
        conda:
            "../envs/restoration.yaml"
        threads: THREADS_OF_STAGES
        resources:
            **gpu_of(stage),
            mem_mb=memory_of(stage),
            runtime=minutes_of(stage),
        params:
            digest=digest_of(stage),
        shell:
            f"{RUN_STEP} {stage} {{wildcards.batch}} --recipe {{wildcards.recipe}}"
            " --threads {threads} --log {log:q}"


for name in REGISTRY:
    rule_of(name)
