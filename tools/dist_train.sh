#!/usr/bin/env bash
# Trains on several GPUs, or in several CPU processes if there is no GPU.
# For several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT on each.
source "$(dirname "${BASH_SOURCE[0]}")/launch_common.sh"
need_arguments 2 "[NNODES= NODE_RANK= MASTER_ADDR= PORT=] $0 CONFIG GPUS [arguments of train.py]" \
    "$0 configs/usrn/voc_1over32.py 2 --resume" "$@"
run_distributed train.py "$2" "$1" "${@:3}"
