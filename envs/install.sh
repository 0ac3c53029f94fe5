#!/bin/sh
# Install the workflow into a virtual environment, in the one order that works (README.md says why).
#
#   sh envs/install.sh [--into FOLDER]      FOLDER: .venv unless given
#
# Environment: PYTHON       interpreter to use; otherwise python3.11, python3.12, python3, python
#              TORCH_INDEX  package index to take torch and torchvision from
# pip's own settings (PIP_INDEX_URL, PIP_FIND_LINKS, PIP_CERT, proxies ...) are respected.
set -eu
cd "$(dirname "$0")/.."

folder=.venv
while [ $# -gt 0 ]; do
    case $1 in
        --into) folder=$2; shift ;;
        *) echo "install.sh: unknown option $1" >&2; exit 2 ;;
    esac
    shift
done

# Nothing from outside may leak in: not the user's packages, not a cluster module's PYTHONPATH, not
# pip settings that would install elsewhere.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_HASHES PIP_CONSTRAINT
export PYTHONNOUSERSITE=1 PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1
# basicsr compiles extensions that we do not use when this is set.
unset BASICSR_EXT BASICSR_JIT

suits='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'
wanted=${PYTHON:-python3.11 python3.12 python3 python}
python=
for candidate in $wanted; do
    # A name on the PATH is no proof: version managers leave stubs that only print an error.
    if "$candidate" -c "$suits" >/dev/null 2>&1; then python=$candidate; break; fi
done
if [ -z "$python" ]; then # none suits: let the first that runs at all say what is missing
    for candidate in $wanted; do
        if "$candidate" -c '' >/dev/null 2>&1; then python=$candidate; break; fi
    done
fi
if [ -z "$python" ]; then
    echo "FAIL  Python: '$wanted' does not run here; install Python 3.11 or 3.12," >&2
    echo "      or name one: make PYTHON=/path/to/python3.11 ..." >&2
    exit 1
fi

python_in=$folder/bin/python
if "$python_in" -c "$suits; import pip" >/dev/null 2>&1; then
    "$python_in" scripts/preflight.py --into "$folder"
else
    "$python" scripts/preflight.py --into "$folder"
    "$python" -m venv --clear "$folder"
fi

# Three steps are quick. torch is not, so a person at a terminal sees its progress.
if [ -t 1 ]; then torch_quiet=; else torch_quiet=-qq; fi

install() { # install TITLE PIP-OPTIONS...
    echo "      $1"
    shift
    if ! "$python_in" -m pip install "$@"; then
        echo "FAIL  The installation stopped at this step; pip's reason stands above. Where the usual" >&2
        echo "      package index cannot be reached, name yours: PIP_INDEX_URL=... make (the same)" >&2
        exit 1
    fi
}
pinned() { grep -iE "^($1)==" envs/lock.txt | tr -d '\r'; }
networks='basicsr|facexlib|gfpgan|realesrgan'

install "1/4 build tools" -qq -c envs/lock.txt -r envs/lock-build.txt numpy

# Before torch, so that an index which carries torch alone is enough for TORCH_INDEX. Without
# dependencies: the lock is complete, and it leaves tb-nightly out on purpose.
rest=$folder/install-list.txt
grep -viE "^(torch|torchvision|$networks)==" envs/lock.txt > "$rest"
install "2/4 libraries" -qq --no-deps -r "$rest"

# A CUDA build asks for its libraries as ordinary dependencies, a CPU build for none; so here pip
# may follow dependencies, within the lock. Another index may hold other CUDA versions.
torch=$(pinned 'torch|torchvision')
if [ -n "${TORCH_INDEX:-}" ]; then
    if [ "$(cat "$folder/torch-index.txt" 2>/dev/null)" != "$TORCH_INDEX" ]; then
        rm -f "$folder/torch-index.txt"
        "$python_in" -m pip uninstall -qq -y torch torchvision
    fi
    # shellcheck disable=SC2086  # two requirements, two words
    install "3/4 torch from TORCH_INDEX" $torch_quiet --no-warn-conflicts \
        -c envs/lock-build.txt -c envs/lock.txt --index-url "$TORCH_INDEX" $torch
    printf '%s\n' "$TORCH_INDEX" > "$folder/torch-index.txt"
else
    # shellcheck disable=SC2086
    install "3/4 torch (0.2 GB without CUDA, 2.7 GB with it)" $torch_quiet --no-warn-conflicts \
        -c envs/lock-build.txt -c envs/lock.txt -c envs/lock-cuda.txt $torch
fi

# basicsr is built here; in isolation its build would download a torch of its own.
# shellcheck disable=SC2046
install "4/4 networks" -qq --no-deps --no-build-isolation $(pinned "$networks")

# pip's own verdict, less the one package left out on purpose.
complaints=$("$python_in" -m pip check 2>&1 |
    grep -v -e 'requires tb-nightly, which is not installed' -e '^No broken requirements' || true)
if [ -n "$complaints" ]; then
    printf 'FAIL  The environment contradicts itself:\n%s\n' "$complaints" >&2
    exit 1
fi
"$python_in" -c 'import cv2, torch; print("ok    torch", torch.__version__, "and the rest of the lock")'

# Networks run several times as fast in our own C++; without a compiler they run in torch.
if [ -f scripts/build_native.py ]; then "$python_in" scripts/build_native.py; fi
