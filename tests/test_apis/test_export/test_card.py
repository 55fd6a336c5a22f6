"""Model cards."""

import json

import pytest
import torch
import yaml

from mmseg_usrn.apis import build_class_branch
from mmseg_usrn.apis.export import export_model
from mmseg_usrn.apis.export.card import model_card, validation_scores


@pytest.fixture
def records(tmp_path):
    """Scores of two validations, the second measured twice."""
    scores = [(3, 40.0), (6, 45.5), (6, 46.25)]
    for run, lines in (('a', scores[:2]), ('b', scores[2:])):
        file = tmp_path / run / 'vis_data' / 'scalars.json'
        file.parent.mkdir(parents=True)
        text = [json.dumps(dict(step=1, loss=2.0))]
        text += [
            json.dumps(dict(aAcc=80.0, mIoU=value, mAcc=60.0, step=step))
            for step, value in lines
        ]
        file.write_text('\n'.join([*text, '{"mIoU": 4']))


def test_scores_of_the_iteration_of_the_checkpoint(records, tmp_path):
    """Of the last measurement; a run that was stopped ends in half a line."""
    path = str(tmp_path / 'iter_6.pth')
    assert validation_scores(path, 6) == dict(mIoU=46.25, mAcc=60, aAcc=80)
    assert validation_scores(path, 3)['mIoU'] == 40
    assert validation_scores(path, 5) == {}
    assert validation_scores(path, None) == {}


def test_fields_that_hubs_read(trained, records, tmp_path):
    state = torch.load(trained[1])
    state['meta']['iter'] = 6
    torch.save(state, trained[1])
    (*_, card), _ = export_model(
        *trained, 'mmseg', tmp_path / 'out', license_name='cc-by-4.0'
    )
    _, head, text = card.read_text().split('---\n', 2)
    fields = yaml.safe_load(head)
    assert fields['license'] == 'cc-by-4.0'
    assert fields['library_name'] == 'mmsegmentation'
    assert fields['pipeline_tag'] == 'image-segmentation'
    (result,) = fields['model-index'][0]['results']
    assert result['task'] == dict(type='image-segmentation')
    assert set(result['dataset']) == {'name', 'type'}
    first = result['metrics'][0]
    assert (first['type'], first['value']) == ('mean_iou', 46.25)
    assert '| Mean IoU | 46.25 |' in text
    assert "MMSegInferencer('toy.py', 'toy.pth')" in text
    assert str(tmp_path) not in card.read_text()


def test_a_checkpoint_without_records(trained, tmp_path):
    (*_, card), _ = export_model(*trained, 'mmseg', tmp_path / 'out')
    _, head, text = card.read_text().split('---\n', 2)
    assert 'model-index' not in yaml.safe_load(head)
    assert 'None are recorded.' in text
    assert text.endswith('## Licence\n\nNot stated.\n')


def test_own_folders_have_no_name(trained):
    model = build_class_branch(*trained)
    model.cfg.train_dataloader.dataset.labeled.type = 'FolderSegDataset'
    card = model_card('toy', model, dict(mIoU=50.0), 'mit')
    assert '\nCustom. To be filled in' in card and 'mit, of the' in card
