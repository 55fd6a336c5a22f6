#!/usr/bin/env bash
# All benchmarks on a GPU, most important first, within LIMIT seconds (1500):
#
#     bash benchmarks/gpu.sh [TRAIN_STEP_SETTING]
#
# Every step has a time limit of its own. Rows are added to
# benchmarks/results.csv and clustering_results.jsonl, which are copied to the
# folder OUT after each step, if that is set. PYTHON is the interpreter, COMMIT
# names the code where Git cannot. A trial on a CPU:
#
#     DEVICE=cpu ROUNDS=1 LIMIT=1200 INFERENCE=small DATA_TIME='--crop 64
#     --batch 2 --iterations 2 --warm-up 1' bash benchmarks/gpu.sh 'small 128'
set -uo pipefail
cd "$(dirname "$0")/.."
setting=${1:-voc 320, batch 8}
device=${DEVICE:-cuda}
limit=${LIMIT:-1500}
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH} PYTHONWARNINGS=ignore
git rev-parse -q --verify HEAD >/dev/null 2>&1 || export COMMIT=${COMMIT:-unknown}
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1

# run SECONDS FILE ARGUMENTS: a benchmark, with a time limit.
run() {
    local most=$1 left=$((limit - SECONDS)) began=$SECONDS
    shift
    if ((left < 20)); then
        echo "no time left: $*"
        return
    fi
    echo "== $* (at $SECONDS s)"
    timeout -k 5 $((left < most ? left : most)) "${PYTHON:-python3}" \
        "benchmarks/$1" --device "$device" "${@:2}" ||
        echo "failed or out of time: $*"
    echo "== $((SECONDS - began)) s"
    [ -z "${OUT:-}" ] || cp benchmarks/results.csv \
        benchmarks/clustering_results.jsonl "$OUT"
}

step() {
    run "$1" train_step.py --model "$setting" --save \
        --rounds "${ROUNDS:-8}" --seconds $(($1 - 45)) "${@:2}"
}

# Processors of rented machines are slow: a process may need half a minute to
# start, and compiling a network minutes.
step 200 --variant tf32
run 90 loss_share.py --model "$setting" --rounds "${ROUNDS:-10}" --save
step 240 --variant amp channels_last --contenders default stock
run 120 clustering.py large memory --out benchmarks/clustering_results.jsonl
run 180 data_time.py --save ${DATA_TIME:-}
run 120 inference.py --model "${INFERENCE:-voc}" --rounds "${ROUNDS:-9}" --save
step 300 --variant compile --contenders default
step 240 --variant compile --contenders stock
