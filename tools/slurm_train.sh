#!/usr/bin/env bash
# Trains on a Slurm cluster.
source "$(dirname "${BASH_SOURCE[0]}")/launch_common.sh"
need_arguments 3 "[GPUS=4 GPUS_PER_NODE=4 CPUS_PER_TASK=5 SRUN_ARGS=] $0 PARTITION JOB_NAME CONFIG [arguments of train.py]" \
    "$0 gpu usrn configs/usrn/voc_1over32.py" "$@"
run_slurm train.py "$@"
