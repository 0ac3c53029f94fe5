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
        f"python {SCRIPTS}/fetch_model.py {{wildcards.name}} --models-dir {quote(MODELS)}"
        " --extra {params.own:q} 2>&1 | tee {log:q} {output:q}"
