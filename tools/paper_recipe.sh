#!/usr/bin/env bash
# The paper's three stages, from one command:
#   1  the supervised baseline; its best checkpoint on val becomes best.pth
#   2  clustering that checkpoint's features into the published subclasses
#   3  USRN, again from ImageNet weights (its first act is stage 2)
# Started again, it goes on where it stopped. More arguments go to both
# training runs, for example
#   bash tools/paper_recipe.sh voc_1over32 2 --amp
source "$(dirname "${BASH_SOURCE[0]}")/launch_common.sh"
need_arguments 2 $# "$0 RUN GPUS [arguments of train.py]; RUN is such as voc_1over32, from configs/usrn/paper/paper_RUN.py"
run=$1 processes=$2
shift 2
for argument in "$@"; do
    if [[ $argument == --work-dir* || $argument == --resume* ]]; then
        echo "$0: $argument is set by this script (work_dirs/paper)" >&2
        exit 2
    fi
done
configs="$tools/../configs/usrn/paper"
if [[ $run == *_baseline || ! -f "$configs/paper_$run.py" ]]; then
    echo "$0: no run '$run'; the runs are:" >&2
    for config in "$configs"/paper_*_baseline.py; do
        config=$(basename "$config" _baseline.py)
        echo "${config#paper_}" >&2
    done
    exit 2
fi

# Trains a config of the paper until it is done, then names its best
# checkpoint best.pth. Arguments: the config's name, arguments of train.py.
train_once() {
    local name=$1 best
    local folder="work_dirs/paper/$name"
    shift
    if [[ -e "$folder/best.pth" ]]; then
        echo "$name: done before, see $folder"
        return
    fi
    (run_distributed train.py "$processes" "$configs/paper_$name.py" --resume "$@")
    best=$(ls -t "$folder"/best_mIoU_iter_*.pth | head -1)
    ln -sf "$(basename "$best")" "$folder/best.pth"
}

echo "stage 1 of 3: baseline"
train_once "${run}_baseline" "$@"
echo "stages 2 and 3 of 3: clustering and USRN"
train_once "$run" "$@"
echo "done; test with: bash tools/dist_test.sh configs/usrn/paper/paper_$run.py work_dirs/paper/$run/best.pth $processes"
