#!/bin/sh
# Snakemake calls this once conda has made restoration.yaml (snakemake --sdm conda), in the folder
# that Snakemake was started from.
set -eu
if [ ! -f envs/install.sh ]; then
    echo "FAIL  start snakemake from the checkout: envs/install.sh is not below $(pwd)" >&2
    exit 1
fi
exec sh envs/install.sh --into "$CONDA_PREFIX"
