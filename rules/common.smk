# What the rules share: the plan of this run, and the names of its files.
import os
import sys
from inspect import signature
from pathlib import Path
from shlex import quote

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from snakemake.io import IOFile

from restoration.errors import RestorationError
from restoration.config.stages import REGISTRY
from restoration.storage.keys import canonical_json
from restoration.storage.tables import digest_of_table
from restoration.run.start_run import (
    begin_run,
    check_checkout,
    check_cores,
    plan_of_run,
    tables_of_lost_results,
    untrue_tables,
)
from restoration.plan.scheduler_requests import Requests, check_arrays
from restoration.run.shared_filesystem import check_storage
from restoration.config.yaml_text import WrittenFiles


def written_files():
    """The files of the config in the order in which they are read: the Snakefile's own first."""
    named = list(workflow.overwrite_configfiles)
    first = [Path(path) for path in workflow.configfiles if path not in named]
    return WrittenFiles([*first, *named], workflow.config_settings.config)


try:
    check_checkout(workflow.basedir)
    check_cores(workflow.resource_settings.cores)
    check_storage(workflow.storage_settings)
    PLAN = plan_of_run(config, main=workflow.is_main_process, written=written_files())
except RestorationError as error:
    # One line for the person at the keyboard; a traceback would bury it.
    sys.exit(f"error: {error}")

RESULTS = str(PLAN.results)
MODELS = PLAN.config.models_dir
# Where a scheduler has the cores there are none here; the profile then sets threads by rule.
CORES = workflow.resource_settings.cores or 1
THREADS = PLAN.config.threads or CORES
# A stage that such a profile does not name takes as many as those that it names.
THREADS_OF_STAGES = max(
    [
        threads
        for rule, threads in workflow.resource_settings.overwrite_threads.items()
        if rule in REGISTRY
    ],
    default=THREADS,
)
# Batches in hand at the same time: a cluster's jobs, or what fits here and one that is delivered.
BESIDE = workflow.nodes or CORES // THREADS + 1
# Whether it is still to be looked for what is untrue or lost.
UNLOOKED = workflow.is_main_process


def for_shell(path):
    """The path as one word of a command, whatever its folders are called."""
    return quote(f"./{path}" if path.startswith("-") else path)


# Relative, so that a checkout can be moved without a command being taken for a new one.
SCRIPTS = os.path.relpath(Path(workflow.basedir) / "scripts")
# exec: the worker must be the child of this process itself, to notice when that dies.
RUN_STEP = (
    f"exec python {for_shell(f'{SCRIPTS}/run_step.py')} --results {for_shell(RESULTS)}"
    " --scratch {resources.tmpdir:q}"
)


def rules_sent_as_arrays():
    """What the profile says under slurm-array-jobs; None where another executor runs."""
    return getattr(workflow.executor_settings, "array_jobs", None)


def gpu_limit():
    """The GPUs that all jobs may hold together; None where nobody said."""
    limit = workflow.global_resources.get("gpu")
    return None if limit is None else limit.value


# The end of a command of which the output is also its log.
KEEP_LOG = f"2>&1 | python {for_shell(f'{SCRIPTS}/keep_log.py')} {{log:q}}"
REQUESTS = Requests(PLAN, rules_sent_as_arrays)


onstart:
    try:
        check_arrays(
            PLAN,
            rules_sent_as_arrays(),
            jobs=workflow.nodes,
            gpus=gpu_limit(),
        )
        begin_run(PLAN, beside=BESIDE, here=workflow.nodes is None)
    except RestorationError as error:
        sys.exit(f"error: {error}")


wildcard_constraints:
    recipe="[A-Za-z0-9][A-Za-z0-9_.-]*",
    batch="@?[A-Za-z0-9][A-Za-z0-9_.-]*",


def told(function):
    """The function, its signature with it: Snakemake asks for that some 17 times for each job."""
    function.__signature__ = signature(function)
    return function


def is_recorded(path):
    """Whether what Snakemake knows of a file is of this one, so that it sees by itself what has
    changed since; not where another checkout made it, or a backup was put back."""
    recorded = workflow.persistence.metadata(IOFile(path))
    digest = digest_of_table(Path(path))
    return recorded is not None and (digest is None or repr(digest) in recorded.params)


def see_untrue_tables():
    """Have Snakemake make untrue tables again, and those of lost results; asked by each input
    function, before it looks at any table. Nothing is deleted, so that a dry run tells the truth and
    changes nothing."""
    global UNLOOKED
    if UNLOOKED:
        UNLOOKED = False
        unseen = {path for path in untrue_tables(PLAN) if not is_recorded(path)}
        workflow.dag.forcefiles.update(unseen | tables_of_lost_results(PLAN))


def nothing_before(wildcards):
    """Input: none, of the first step."""
    see_untrue_tables()
    return []


def digest_of(step):
    """Params: everything that the job's results depend on, as one value."""
    return told(
        lambda wildcards: PLAN.digest(wildcards.get("recipe"), step, wildcards.batch)
    )


def table_before(step):
    """Input: the table of the step before, whatever the recipe's chain makes that."""

    def table(wildcards):
        see_untrue_tables()
        before = PLAN.step_before(wildcards.recipe, step)
        return PLAN.table(wildcards.recipe, before, wildcards.batch)

    return told(table)


def models_of(step):
    """Input: that the weights which the step may load are there, verified and converted."""
    return told(
        lambda wildcards: [
            f"{MODELS}/{name}.licence.txt"
            for name in PLAN.dependencies.networks(wildcards.get("recipe"), step)
        ]
    )


def weights_before(stage):
    """Input by its name: the weights, of a stage that is handed networks."""
    return {"models": models_of(stage)} if REGISTRY[stage].runs_networks else {}


def priority_of(stage):
    """Rises along the chain, above `ingest` and `examine`, below `deliver`: a batch that was begun
    is finished before the next one, so that few images wait on the disk, and the first
    deliverables are there early."""
    return 20 + 60 * list(REGISTRY).index(stage) // (len(REGISTRY) - 1)


def own_weights_json(name):
    """Params: the config's entry for weights of the user's own; an empty mapping for others."""
    own = PLAN.config.models.get(name)
    return canonical_json({name: own.model_dump(mode="json")} if own else {})


def gpu_of(stage):
    """Resources by their name: of a stage that is handed networks, one GPU where it runs one there,
    else none."""
    if not REGISTRY[stage].runs_networks:
        return {}
    return {
        "gpu": told(
            lambda wildcards: int(
                PLAN.device != "cpu"
                and bool(PLAN.dependencies.networks(wildcards.recipe, stage))
            )
        )
    }


def memory_of(step):
    """Resources: MiB by the batch, more with each attempt; a scheduler holds the job to it."""
    return told(
        lambda wildcards, attempt: REQUESTS.memory_mib(
            wildcards.get("recipe"), step, wildcards.batch, attempt
        )
    )


def minutes_of(step):
    """Resources: minutes by the batch's megapixels, more with each attempt."""
    return told(
        lambda wildcards, attempt: REQUESTS.minutes(
            wildcards.get("recipe"), step, wildcards.batch, attempt
        )
    )


def delivered(wildcards):
    """Input: the delivery tables of every batch of a recipe."""
    see_untrue_tables()
    return [
        PLAN.table(wildcards.recipe, "deliver", batch)
        for batch in PLAN.batches(wildcards.recipe)
    ]


def pages_of_every_recipe(wildcards):
    """Input: the report page and the table of problems of every recipe that a scan names."""
    see_untrue_tables()
    return [
        f"{RESULTS}/{recipe}/{name}"
        for recipe in PLAN.recipes()
        for name in ("report.html", "problems.tsv")
    ]
