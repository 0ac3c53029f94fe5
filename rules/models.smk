# Weights: fetched, verified and converted once; nothing is downloaded inside a stage.
# What Snakemake tracks is the text with their licence: it deletes an output before it runs a
# job again, and weights that a person carried to an offline machine must not go that way.


localrules:
    fetch_model,


rule fetch_model:
    output:
        f"{MODELS}/{{name}}.licence.txt",
    log:
        f"{RESULTS}/logs/models/{{name}}.log",
    # Else every batch is ingested before the first one can go on.
    priority: 100
    conda:
        "../envs/restoration.yaml"
    params:
        sha256=lambda wildcards: PLAN.manifest[wildcards.name].sha256,
        own=lambda wildcards: own_weights_json(wildcards.name),
    shell:
        f"python {for_shell(f'{SCRIPTS}/fetch_model.py')} {{wildcards.name}}"
        f" --models-dir {for_shell(MODELS)} --extra {{params.own:q}} {KEEP_LOG} {{output:q}}"
