#!/usr/bin/env bash
# Tests on several GPUs, or in several CPU processes if there is no GPU.
# For several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT on each.
source "$(dirname "${BASH_SOURCE[0]}")/launch_common.sh"
need_arguments 3 "[NNODES= NODE_RANK= MASTER_ADDR= PORT=] $0 CONFIG CHECKPOINT GPUS [arguments of test.py]" \
    "$0 configs/usrn/voc_1over32.py work_dirs/voc_1over32/iter_40000.pth 2" "$@"
run_distributed test.py "$3" "$1" "$2" "${@:4}"
