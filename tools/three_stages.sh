#!/usr/bin/env bash
# USRN in the paper's three stages, from one command:
#   1  the supervised baseline; its best checkpoint on val, or the last one
#      where no best is kept, becomes best.pth
#   2  clustering that checkpoint's features
#   3  USRN, again from its initial weights (its first act is stage 2)
# Started again, it goes on where it stopped. More arguments go to both
# training runs, for example
#   bash tools/three_stages.sh configs/usrn/camvid_1over16.py 2 --amp
source "$(dirname "${BASH_SOURCE[0]}")/launch_common.sh"
need_arguments 2 "$0 CONFIG GPUS [arguments of train.py]" \
    "$0 configs/usrn/camvid_1over16.py 2" "$@"
config=$1 processes=$2
shift 2
for argument in "$@"; do
    case $argument in
    --work-dir* | --resume* | --baseline | --feature-checkpoint*)
        echo "$0: $argument is set by this script" >&2
        exit 2
        ;;
    esac
done
if [[ ! -f $config ]]; then
    echo "$0: there is no config $config" >&2
    exit 2
fi
name=$(basename "$config" .py)
first=work_dirs/${name}_baseline last=work_dirs/${name}_three_stages

# Trains until it is done, then names its checkpoint best.pth.
# Arguments: what it is, its work dir, arguments of train.py.
train_once() {
    local what=$1 folder=$2 best
    shift 2
    if [[ -e "$folder/best.pth" ]]; then
        echo "$what: done before, see $folder"
        return
    fi
    # --feature-checkpoint for the baseline, too: a config that clusters
    # nothing is refused before the baseline is trained.
    (run_distributed train.py "$processes" "$config" --work-dir "$folder" \
        --resume --feature-checkpoint "$first/best.pth" "$@")
    best=$(ls -t "$folder"/best_*.pth 2>/dev/null | head -1) || true
    best=${best:-$(cat "$folder/last_checkpoint")}
    # One elsewhere (checkpoint.out_dir) is named relative to the folder.
    if [[ -e "$folder/$(basename "$best")" ]]; then
        best=$(basename "$best")
    fi
    ln -sf "$best" "$folder/best.pth"
}

echo "stage 1 of 3: baseline"
train_once baseline "$first" --baseline "$@"
echo "stages 2 and 3 of 3: clustering and USRN"
train_once USRN "$last" "$@"
echo "done; test with: bash tools/dist_test.sh $config $last/best.pth $processes"
