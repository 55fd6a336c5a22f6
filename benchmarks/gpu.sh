#!/usr/bin/env bash
# All benchmarks on a GPU, most important first; each ends by itself:
#
#     bash benchmarks/gpu.sh [TRAIN_STEP_SETTING]
#
# Rows are added to benchmarks/results.csv and clustering_gpu.jsonl, which are
# copied to the folder OUT at the end, if that is set. PYTHON is the
# interpreter, DEVICE is cuda unless it is set to cpu for a trial.
set -uo pipefail
cd "$(dirname "$0")/.."
setting=${1:-voc 320, batch 8}
device=${DEVICE:-cuda}
export PYTHONPATH=$PWD PYTHONWARNINGS=ignore

run() {
    echo "== $*"
    timeout 300 "${PYTHON:-python3}" "$@" || echo "failed: $*" >&2
}

step() {
    run benchmarks/train_step.py --device "$device" --model "$setting" \
        --rounds "${ROUNDS:-20}" --save "$@"
}

trap '[ -z "${OUT:-}" ] || cp benchmarks/results.csv clustering_gpu.jsonl \
    "$OUT" 2>/dev/null' EXIT
step --variant tf32
step --variant amp --contenders default stock
step --variant channels_last --contenders default stock
step --variant compile --contenders default stock
run benchmarks/clustering.py run memory voc --device "$device" \
    --out clustering_gpu.jsonl
run benchmarks/inference.py --device "$device" --save
