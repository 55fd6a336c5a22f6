"""Losses, gate and pseudo labels against the original's, by ``USRN.loss``.

As in the recording, the encoder returns prepared maps and the classifiers do
nothing; all else is the segmentor that trains.
"""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_usrn.models.semi import entropy_gate, normalized_entropy
from mmseg_usrn.structures import IGNORED_SUBCLASS

BRANCHES = {'sup': 'l', 'unsup_strong': 's', 'unsup_weak': 'w'}
PRECISIONS = {
    'f64': (torch.float64, dict(rtol=0, atol=1e-10), 1e-10),
    'f32': (torch.float32, dict(rtol=2e-6, atol=2e-6), 1e-7),
}


class Recorded:
    """A segmentor whose maps are those of a case, and its loss."""

    def __init__(self, case, dtype, settings):
        self.case = case
        self.settings = settings
        self.maps = {
            (branch, sub): torch.from_numpy(
                case[f'in/{letter}{sub}_logits']
            ).to(dtype)
            for branch, letter in BRANCHES.items()
            for sub in ('', '_sub')
        }
        for tensor in self.maps.values():
            tensor.requires_grad_()
        self.model = self._build()

    def _build(self):
        case = self.case
        init_default_scope('mmseg')
        counts = torch.from_numpy(case['in/split_list'].astype(np.int64))
        num_classes, num_subclasses = len(counts), int(counts.sum())
        supervised, subclass, unsup = self.weights
        model = MODELS.build(
            dict(
                self.settings,
                backbone=dict(type='ResNet', depth=18, base_channels=1),
                decode_head=dict(
                    type='FCNHead',
                    in_channels=num_classes,
                    channels=num_classes,
                    num_convs=0,
                    concat_input=False,
                    dropout_ratio=0,
                    num_classes=num_classes,
                    align_corners=True,
                    loss_decode=dict(type='ValidPixelCrossEntropyLoss'),
                ),
                num_subclasses=num_subclasses,
                threshold=float(case['in/threshold']),
                subclass_loss_weight=subclass,
                # The original's third weight, that of the class losses on
                # labels, is a factor of everything here.
                unsup_loss_weight=unsup / supervised,
                unsup_downsample=2 if case['in/avg_pool'] else 1,
            )
        )
        head = model.decode_head
        head.class_head.conv_seg = head.subclass_head.conv_seg = nn.Identity()
        model.extract_class_feat = lambda branch: (self.maps[branch, ''],)
        model.extract_subclass_feat = lambda branch: (
            self.maps[branch, '_sub'],
        )
        labels = torch.from_numpy(case['in/target_sub'].astype(np.int64))
        labels[labels == 255] = IGNORED_SUBCLASS
        model.get_subclass_labels = lambda data_samples: labels
        self._fill_table(model.subclass_table, counts)
        return model

    @staticmethod
    def _fill_table(table, counts):
        parents = torch.repeat_interleave(torch.arange(len(counts)), counts)
        table.fill(
            subclass_to_class=parents,
            prototypes=torch.zeros(len(parents), 1),
            prices=torch.zeros(len(parents)),
            cells_per_image=torch.ones(1, dtype=torch.int64),
            cell_subclass=torch.zeros(1, dtype=torch.int32),
            dominant_subclass=torch.zeros(1, len(counts), dtype=torch.int32),
        )

    @property
    def weights(self):
        return self.case['in/weights_sup_sub_unsup'].tolist()

    def losses(self):
        """What the segmentor returns for a batch, ungrouped weights off."""
        target = torch.from_numpy(self.case['in/target'].astype(np.int64))
        samples = [
            SegDataSample(gt_sem_seg=PixelData(data=image[None]))
            for image in target
        ]
        if self.case['in/unsup_active']:
            branches = {branch: branch for branch in BRANCHES}
            return self.model.loss(branches, dict(sup=samples, unsup_weak=[]))
        return self.model.loss_by_gt('sup', samples)


@pytest.fixture(params=PRECISIONS)
def precision(request):
    return request.param


@pytest.fixture
def recorded(loss_case, precision, project_root):
    """The case with the settings of the paper's configs."""
    base = project_root / 'configs/usrn/paper/_base_'
    model = Config.fromfile(base / 'recipe.py').model
    names = ('type', 'threshold', 'gate', 'teacher_momentum')
    settings = {name: model[name] for name in (*names, 'logit_adjustment')}
    return Recorded(loss_case, PRECISIONS[precision][0], settings)


@pytest.fixture
def expected(loss_case, precision):
    """The original's outputs in the precision of the test."""
    outputs = {}
    for prefix in ('f64/', f'{precision}/'):
        for key, value in loss_case.items():
            if key.startswith(prefix):
                outputs[key.removeprefix(prefix)] = torch.from_numpy(
                    np.asarray(value)
                )
    return outputs


def test_losses_and_gradients(recorded, expected, precision):
    _, close, grad_tolerance = PRECISIONS[precision]
    supervised, w_sub, w_un = recorded.weights
    losses = recorded.losses()
    assert any('unsup' in name for name in losses) == ('Lu_reg' in expected)
    terms = {
        'Ls': ('sup_class', supervised),
        'Ls_sub': ('sup_subclass', supervised / w_sub),
        'Lu_sub': ('unsup_subclass', supervised / w_sub / w_un),
        'Lu_reg': ('unsup_class', supervised / w_un),
    }
    for name, (ours, factor) in terms.items():
        if name in expected:
            loss = losses[f'{ours}.loss_ce'] * factor
            _assert_close(name, loss, expected[name], **close)
    total = supervised * recorded.model.parse_losses(losses)[0]
    _assert_close('total', total, expected['total'], **close)
    total.backward()
    for (branch, sub), tensor in recorded.maps.items():
        if branch == 'unsup_weak':
            assert tensor.grad is None
            continue
        name = f'grad_{BRANCHES[branch]}{sub}_logits'
        unused = torch.zeros_like(tensor)
        grad = unused if tensor.grad is None else tensor.grad
        _assert_close(name, grad, expected[name], rtol=0, atol=grad_tolerance)


def test_pseudo_labels(recorded, expected, precision):
    if 'gate_regularised' not in expected:
        pytest.skip('the case has no unlabeled part')
    pseudo = recorded.model.get_pseudo_labels('unsup_weak', [])
    unclear = expected['label_reg_is_tied'].bool()
    for ours, theirs in (
        (pseudo.gate, 'gate_regularised'),
        (pseudo.parents, 'pseudo_parent'),
        (pseudo.subclasses, 'pseudo_label_sub'),
        (pseudo.subclass_mask, 'pos_mask_sub'),
        (pseudo.class_mask, 'pos_mask_reg'),
    ):
        assert torch.equal(ours.long(), expected[theirs].long()), theirs
    assert torch.equal(
        pseudo.classes[~unclear], expected['pseudo_label_reg'].long()[~unclear]
    )
    assert not pseudo.class_mask[unclear].any()


def test_entropies_and_gate(recorded, expected, precision):
    if 'ent_class' not in expected:
        pytest.skip('the case has no unlabeled part')
    close = PRECISIONS[precision][1]
    model = recorded.model
    with torch.no_grad():
        logits = model.forward_unlabeled('unsup_weak')
    class_prob, subclass_prob = (part.softmax(dim=1) for part in logits)
    for prob, name in (
        (class_prob, 'ent_class'),
        (subclass_prob, 'ent_sub'),
    ):
        _assert_close(name, normalized_entropy(prob), expected[name], **close)
    restricted, _, _ = entropy_gate(
        class_prob, subclass_prob, model.subclass_table.subclass_to_class
    )
    allowed = expected['allowed_classes'].bool()
    assert (restricted[~allowed] == 0).all()
    assert torch.equal(restricted[allowed], class_prob[allowed])
    for prob, name in ((restricted, 'conf_reg'), (subclass_prob, 'conf_sub')):
        _assert_close(name, prob.amax(dim=1), expected[name], **close)


def _assert_close(name, ours, theirs, rtol, atol):
    torch.testing.assert_close(
        ours,
        theirs.to(ours),
        rtol=rtol,
        atol=atol,
        msg=lambda text: f'{name}: {text}',
    )
