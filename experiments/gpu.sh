#!/usr/bin/env bash
# Runs experiments on a machine that is there for a limited time, most
# important runs first; ends by itself, and the next call goes on:
#
#     bash experiments/gpu.sh MINUTES fields_gpu [arguments of experiments.run]
#
# A row is added to work_dirs/experiments/results.csv after each run, which is
# copied to the folder OUT at the end, if that is set. PYTHON is the interpreter.
# Without a package registry or the data: wheels in .whl and the data in
# .bundle are used, if they are there.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:?say for how many minutes}
shift
python=${PYTHON:-python3}
results=work_dirs/experiments/results.csv

if ! "$python" -c 'import mmseg' 2>/dev/null && [ -d .whl ]; then
    site=$PWD/work_dirs/site
    [ -d "$site" ] || "$python" -m pip install --quiet --no-index --no-deps \
        --no-compile --target "$site" .whl/*.whl
    export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}"
fi
if [ -d .bundle ]; then
    mkdir -p .bundle/weights
    mv .bundle/*.pth .bundle/weights/ 2>/dev/null || true
    set -- "$@" --data-dir .bundle
fi
trap '[ -z "${OUT:-}" ] || cp "$results" "$OUT" 2>/dev/null || true' EXIT
"$python" -m experiments.run "$@" --time-limit "$minutes"
