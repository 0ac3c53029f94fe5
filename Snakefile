# Restoration of archival photograph scans: a table of contents.
#
#   snakemake --cores all --configfile config/demo.yaml
#
# One job takes one batch of scans through one step; see docs/developing.md.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "resources/report/workflow.rst"


include: "rules/common.smk"
include: "rules/models.smk"
include: "rules/ingest.smk"
include: "rules/stages.smk"
include: "rules/deliver.smk"
include: "rules/report.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        pages_of_every_recipe,
        f"{RESULTS}/manifest-sha256.txt",
