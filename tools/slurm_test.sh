#!/usr/bin/env bash
# Tests on a Slurm cluster.
source "$(dirname "${BASH_SOURCE[0]}")/launch_common.sh"
need_arguments 4 $# "[GPUS=4 GPUS_PER_NODE=4 CPUS_PER_TASK=5 SRUN_ARGS=] $0 PARTITION JOB_NAME CONFIG CHECKPOINT [arguments of test.py]"
run_slurm test.py "$@"
