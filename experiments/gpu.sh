#!/usr/bin/env bash
# Runs the GPU protocol for a limited time, most important runs first:
#
#     bash experiments/gpu.sh MINUTES [FOLDER]
#
# The next call goes on where this one was stopped. The tables are copied to
# FOLDER, and also stand in work_dirs/experiments/gpu. JOBS is the number of
# runs at a time (default 10), PYTHON the interpreter.
#
# On a machine without package registry or data: wheels in .whl and the data
# in .bundle, if they are there, are used.
set -euo pipefail
cd "$(dirname "$0")/../.."
minutes=${1:?say for how many minutes}
folder=${2:-}
python=${PYTHON:-python3}

if ! "$python" -c 'import mmseg' 2>/dev/null && [ -d .whl ]; then
    site=$PWD/work_dirs/site
    if [ ! -d "$site" ]; then
        "$python" -m pip install --quiet --no-index --no-deps --no-compile \
            --target "$site" .whl/*.whl
    fi
    export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}"
fi
data=../shared/data
if [ ! -e $data/camvid ] && [ -d .bundle ]; then
    mkdir -p $data/weights
    ln -s "$PWD/.bundle/camvid" $data/camvid
    cp .bundle/mobilenet_v2_imagenet.pth $data/weights/
fi

copy_tables() {
    if [ -n "$folder" ]; then
        mkdir -p "$folder"
        cp work_dirs/experiments/gpu/results.* "$folder" 2>/dev/null || true
    fi
}
trap copy_tables EXIT
"$python" experiments/run.py gpu --jobs "${JOBS:-10}" \
    --time-limit "$minutes"
