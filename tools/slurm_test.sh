#!/usr/bin/env bash
# Tests on a Slurm cluster.
source "$(dirname "${BASH_SOURCE[0]}")/launch_common.sh"
need_arguments 4 "[GPUS=4 GPUS_PER_NODE=4 CPUS_PER_TASK=5 SRUN_ARGS=] $0 PARTITION JOB_NAME CONFIG CHECKPOINT [arguments of test.py]" \
    "$0 gpu usrn configs/usrn/voc_1over32.py work_dirs/voc_1over32/iter_40000.pth" "$@"
run_slurm test.py "$@"
