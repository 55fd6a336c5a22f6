# Shared by the scripts of this folder; sourced, not run.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Ends with the usage of the script if it is asked for, or unless the script
# got enough arguments.
# Arguments: the number needed, the usage, an example, then the script's own.
need_arguments() {
    local usage="usage: $2"$'\n'"example: bash $3"
    if [[ ${4:-} == -h || ${4:-} == --help ]]; then
        echo "$usage"
        exit 0
    elif (($# - 3 < $1)); then
        echo "$usage" >&2
        exit 2
    fi
}

# The Python to use: $PYTHON, that of an activated virtual environment, that
# of `make setup`, or the one on the PATH.
find_python() {
    local setup="$tools/../.venv/bin/python"
    if [[ -n ${PYTHON:-} ]]; then
        echo "$PYTHON"
    elif [[ -z ${VIRTUAL_ENV:-} && -x $setup ]]; then
        echo "$setup"
    elif command -v python >/dev/null; then
        echo python
    else
        echo python3
    fi
}

# Runs a tool of this folder in several processes of this machine.
# Arguments: the tool, the number of processes, arguments of the tool.
run_distributed() {
    local tool=$1 processes=$2 python cores
    shift 2
    if ! [[ $processes =~ ^[1-9][0-9]*$ ]]; then
        echo "$(basename "$0"): GPUS must be a number above 0, not '$processes'" >&2
        exit 2
    fi
    python=$(find_python)
    # Several nodes must agree on the port; one node takes any free one, so
    # that two runs can share a machine.
    if [[ -z ${PORT:-} && ${NNODES:-1} == 1 ]]; then
        PORT=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    fi
    if [[ ${NNODES:-1} != 1 ]]; then
        echo "node ${NODE_RANK:-0} waits for all $NNODES nodes at ${MASTER_ADDR:-127.0.0.1}:${PORT:-29500};" \
            'the same command must run on each, with its own NODE_RANK' >&2
    fi
    if [[ -z ${OMP_NUM_THREADS:-} ]]; then
        cores=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
        export OMP_NUM_THREADS=$((cores > processes ? cores / processes : 1))
    fi
    PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}" exec "$python" \
        "$tools/launch.py" \
        --nnodes="${NNODES:-1}" \
        --node_rank="${NODE_RANK:-0}" \
        --master_addr="${MASTER_ADDR:-127.0.0.1}" \
        --master_port="${PORT:-29500}" \
        --nproc_per_node="$processes" \
        "$tools/$tool" "$@" --launcher pytorch
}

# Runs a tool of this folder as a Slurm job.
# Arguments: the tool, the partition, the name of the job, arguments of the
# tool. GPUS, GPUS_PER_NODE, CPUS_PER_TASK and SRUN_ARGS come from outside.
run_slurm() {
    local tool=$1 partition=$2 job=$3
    shift 3
    if ! command -v srun >/dev/null; then
        echo "$(basename "$0"): there is no srun on this machine: start it where Slurm is, or use dist_${tool%.py}.sh" >&2
        exit 2
    fi
    # SRUN_ARGS holds several arguments: split on purpose.
    # shellcheck disable=SC2086
    PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}" exec srun -p "$partition" \
        --job-name="$job" \
        --gres=gpu:"${GPUS_PER_NODE:-4}" \
        --ntasks="${GPUS:-4}" \
        --ntasks-per-node="${GPUS_PER_NODE:-4}" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" \
        --kill-on-bad-exit=1 \
        ${SRUN_ARGS:-} \
        "$(find_python)" -u "$tools/$tool" "$@" --launcher slurm
}
