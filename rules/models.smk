# Weights: fetched, verified and converted once; nothing is downloaded inside a stage.


localrules:
    fetch_model,


rule fetch_model:
    output:
        f"{MODELS}/{{name}}.safetensors",
    log:
        f"{RESULTS}/logs/models/{{name}}.log",
    params:
        plan=f"{RESULTS}/run.json",
    shell:
        PYTHON + "/fetch_model.py --plan {params.plan} {wildcards.name} 2>&1 | tee {log}"
