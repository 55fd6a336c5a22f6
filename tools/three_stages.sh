#!/usr/bin/env bash
# USRN in the paper's three stages, from one command:
#   1  the supervised baseline; its best checkpoint on val, or the last one
#      where no best is kept, becomes best.pth
#   2  clustering that checkpoint's features
#   3  USRN, again from its initial weights (its first act is stage 2)
# Started again, it goes on where it stopped. More arguments go to both
# training runs (settings of the unlabeled part and of the clustering to USRN
# alone), for example
#   bash tools/three_stages.sh configs/usrn/camvid_1over16.py 2 --amp
source "$(dirname "${BASH_SOURCE[0]}")/launch_common.sh"
need_arguments 2 $# "$0 CONFIG GPUS [arguments of train.py]; CONFIG is a USRN's, with CONFIG_baseline.py beside it"
config=$1 processes=$2
shift 2
for argument in "$@"; do
    if [[ $argument == --work-dir* || $argument == --resume* ]]; then
        echo "$0: $argument is set by this script" >&2
        exit 2
    fi
done
baseline="${config%.py}_baseline.py"
if [[ ! -f $config ]]; then
    echo "$0: there is no config $config" >&2
    exit 2
elif [[ ! -f $baseline ]]; then
    echo "$0: there is no $baseline, the supervised baseline of $config: write one as configs/usrn/camvid_1over16_baseline.py is written" >&2
    exit 2
fi
name=$(basename "$config" .py)
first=work_dirs/${name}_baseline last=work_dirs/${name}_three_stages
# Where the config has its SubclassReclusterHook; the last line, as an import
# may print as well.
hook=$(PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}" "$(find_python)" - "$config" <<'EOF' | tail -1
import sys

from mmengine.config import Config

import mmseg_usrn  # for bases such as mmseg::_base_/models/fcn_r50-d8.py

hooks = [h['type'] for h in Config.fromfile(sys.argv[1]).custom_hooks]
if 'SubclassReclusterHook' not in hooks:
    sys.exit(f'{sys.argv[1]} has no SubclassReclusterHook among its custom_hooks; is it a USRN?')
print(hooks.index('SubclassReclusterHook'))
EOF
) || exit 2

# Trains until it is done, then names its checkpoint best.pth.
# Arguments: the config, its work dir, arguments of train.py.
train_once() {
    local config=$1 folder=$2 best
    shift 2
    if [[ -e "$folder/best.pth" ]]; then
        echo "$config: done before, see $folder"
        return
    fi
    (run_distributed train.py "$processes" "$config" --work-dir "$folder" \
        --resume "$@")
    best=$(ls -v "$folder"/best_mIoU_iter_*.pth 2>/dev/null | tail -1) || true
    best=${best:-$(cat "$folder/last_checkpoint")}
    ln -sf "$(basename "$best")" "$folder/best.pth"
}

echo "stage 1 of 3: baseline"
train_once "$baseline" "$first" "$@"
echo "stages 2 and 3 of 3: clustering and USRN"
train_once "$config" "$last" "$@" \
    --cfg-options "custom_hooks.$hook.feature_checkpoint=$first/best.pth"
echo "done; test with: bash tools/dist_test.sh $config $last/best.pth $processes"
