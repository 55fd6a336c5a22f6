"""Parts of a config that contradict each other, or fail late."""

from functools import partial

from tests.trust.wrong_input import Case

LABELED = 'train_dataloader.dataset.labeled'
UNLABELED = 'train_dataloader.dataset.unlabeled'
VIEWS = f'{UNLABELED}.pipeline.4'
PACK = dict(type='PackSegInputs')
LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
CELLS = [*LOAD, dict(type='AddCellMap')]
PACK_CELLS = dict(type='PackLabeledInputs')
FLIP = dict(type='RandomFlip', prob=0.5)
POLY = dict(type='PolyLR', power=0.9, begin=0, end=6, by_epoch=False)
HOOK = dict(type='SubclassReclusterHook', warmup_iters=2, num_workers=0)
HEAD = dict(
    type='FCNHead', in_channels=32, in_index=2, channels=8, num_convs=1,
    concat_input=False, num_classes=4,
)  # fmt: skip
EPOCHS = dict(type='EpochBasedTrainLoop', max_epochs=2)


def without(*names, cfg):
    """Remove settings, by dotted keys."""
    for name in names:
        *path, last = name.split('.')
        node = cfg
        for key in path:
            node = node[int(key)] if key.isdigit() else node[key]
        node.pop(last)


def case(name, words, settings=None, remove=()):
    """A case that changes and removes settings of the config file."""
    change = partial(_remove, remove) if remove else None
    return Case(name, words, settings=settings or {}, change=change)


def _remove(names, cfg):
    without(*names, cfg=cfg)


def steps(place, *pipeline):
    """The setting that replaces a pipeline."""
    return {place: list(pipeline)}


SCHEDULE = (
    case('validation begins behind the end', 'val_begin=9', {'train_cfg.val_begin': 9}),
    case('schedule longer than the training', 'end=40', {'param_scheduler': [dict(POLY, end=40)]}),
    case('schedule of one dict, longer', 'end=100', {'param_scheduler': dict(POLY, end=100)}),
    case('schedule that begins at the end', 'begin=6', {'param_scheduler': [dict(POLY, begin=6, end=7)]}),
    case('schedule that ends before it begins', 'not before', {'param_scheduler': [dict(POLY, begin=4, end=3)]}),
    case('schedule without an end', 'stays where it begins', {'param_scheduler': [dict(type='PolyLR', power=0.9, by_epoch=False)]}),
    case('milestones behind the end', '30 does not fit', {'param_scheduler': [dict(type='MultiStepLR', milestones=[3, 30], by_epoch=False)]}),
    case('schedule that ends early', 'is at its end', {'param_scheduler': [dict(POLY, end=3)]}),
    case('schedule of epochs', 'would never go on', {'param_scheduler': [dict(type='PolyLR', power=0.9)]}),
    case('schedule of epochs by name', 'by_epoch=False', {'param_scheduler': [dict(POLY, by_epoch=True)]}),
    case('cosine that ends early', 'is at its end', {'param_scheduler': [dict(type='CosineAnnealingLR', begin=0, end=2, by_epoch=False)]}),
    case('warm-up of the rate behind the end', 'end=20', {'param_scheduler': [dict(type='LinearLR', start_factor=0.1, end=20, by_epoch=False)]}),
    case('start factor of 0', 'start_factor', {'param_scheduler': [dict(type='LinearLR', start_factor=0.0, end=2, by_epoch=False)]}),
    case('negative power', 'power', {'param_scheduler': [dict(POLY, power=-1)]}),
    case('warm-up as long as the training', 'warmup_iters=6', {'custom_hooks.0.warmup_iters': 6}),
    case('warm-up longer than the training', 'never used', {'custom_hooks.0.warmup_iters': 4000}),
    case('clustering that never comes again', 'is never over', {'custom_hooks.0.interval': 4}),
    case('checkpoints by epochs', 'save nothing', {'default_hooks.checkpoint.by_epoch': True}),
    case('no length', 'needs max_iters', remove=['train_cfg.max_iters']),
)  # fmt: skip
VIEW = (
    *(
        case(
            f'{step["type"]} inside {branch}',
            'moves the pixels of one view',
            steps(f'{VIEWS}.{branch}', step, PACK),
        )
        for branch in ('unsup_weak', 'unsup_strong')
        for step in (
            FLIP,
            dict(type='RandomCrop', crop_size=(20, 20)),
            dict(type='Resize', scale=(40, 40)),
            dict(type='RandomRotate', prob=0.5, degree=10),
            dict(type='RandomApply', transforms=[FLIP], prob=0.5),
        )
    ),
    case('geometry of albumentations inside a view', 'moves the pixels of one view', steps(f'{VIEWS}.unsup_strong', dict(type='Albu', transforms=[dict(type='HorizontalFlip', p=0.5)]), PACK)),
    case('geometry of albumentations without the cells', 'but not gt_cell_map', steps(f'{LABELED}.pipeline', *CELLS, dict(type='Albu', transforms=[dict(type='HorizontalFlip', p=0.5)]), PACK_CELLS)),
    case('rotation that blends the cells', 'RandomRotFlip blends', steps(f'{LABELED}.pipeline', *CELLS, dict(type='RandomRotFlip'), PACK_CELLS)),
    case('no weak view', 'branches unsup_weak and unsup_strong', {VIEWS: dict(type='MultiBranch', unsup_strong=[PACK])}),
    case('no strong view', 'branches unsup_weak and unsup_strong', {VIEWS: dict(type='MultiBranch', unsup_weak=[PACK])}),
    case('a view that packs nothing', 'packs what it has made', steps(f'{VIEWS}.unsup_strong', dict(type='PhotoMetricDistortion'))),
    case('a view without transforms', 'packs what it has made', steps(f'{VIEWS}.unsup_strong')),
    case('no views at all', 'must end with MultiBranch', {VIEWS: dict(type='PackSegInputs')}),
    *(
        case(
            f'{step["type"]} in {place}',
            'draws at random',
            steps(place, LOAD[0], step, LOAD[1], PACK),
        )
        for place in (
            'train_dataloader.dataset.feature_pipeline',
            'val_dataloader.dataset.pipeline',
            'test_dataloader.dataset.pipeline',
        )
        for step in (
            FLIP,
            dict(type='RandomCrop', crop_size=(20, 20)),
            dict(type='PhotoMetricDistortion'),
        )
    ),
    case('features without masks', 'clustering would fail', steps('train_dataloader.dataset.feature_pipeline', LOAD[0], PACK)),
    case('features that are not packed', 'clustering would fail', steps('train_dataloader.dataset.feature_pipeline', *LOAD)),
    case('masks resized for evaluation', 'before Resize', steps('val_dataloader.dataset.pipeline', *LOAD, dict(type='Resize', scale=(32, 32)), PACK)),
    case('evaluation that packs nothing', 'the validation would fail', steps('val_dataloader.dataset.pipeline', *LOAD)),
    case('cells marked twice', 'AddCellMap', {f'{LABELED}.pipeline.3': dict(type='AddCellMap', stride=8)}),
    case('no cells', 'AddCellMap', {f'{LABELED}.pipeline.2': dict(type='RandomFlip', prob=0.5)}),
    case('labeled images packed without cells', 'would fail', {f'{LABELED}.pipeline.6': dict(type='PackSegInputs')}),
    case('labeled images without masks', 'found no labels', {f'{LABELED}.pipeline.1': dict(type='RandomFlip', prob=0.5)}),
)  # fmt: skip
DATA = (
    case('classes of val in another order', 'class 1 is two, not one', {'val_dataloader.dataset.metainfo.classes': ('ground', 'two', 'one', 'three')}),
    case('classes of test in another order', 'class 0 is one, not ground', {'test_dataloader.dataset.metainfo.classes': ('one', 'ground', 'two', 'three')}),
    case('one class less in val', '3 of them, not 4', {'val_dataloader.dataset.metainfo.classes': ('ground', 'one', 'two')}),
    case('one class more in test', '5 of them, not 4', {'test_dataloader.dataset.metainfo.classes': ('ground', 'one', 'two', 'three', 'four')}),
    case('another name in val', 'class 3 is tree, not three', {'val_dataloader.dataset.metainfo.classes': ('ground', 'one', 'two', 'tree')}),
    case('one class less in training', '3 classes', {f'{LABELED}.metainfo.classes': ('ground', 'one', 'two')}),
    case('no classes at all', 'class', {f'{LABELED}.metainfo': None, 'val_dataloader.dataset.metainfo': None, 'test_dataloader.dataset.metainfo': None}),
    case('a head for more classes', 'the labeled images have 4 classes', {'model.decode_head.num_classes': 5}),
    case('a head for fewer classes', 'the labeled images have 4 classes', {'model.decode_head.num_classes': 3}),
    case('an auxiliary head for others', 'model.auxiliary_head.num_classes=21', {'model.auxiliary_head': dict(HEAD, num_classes=21)}),
    case('the second auxiliary head for others', 'auxiliary_head.1.num_classes=19', {'model.auxiliary_head': [HEAD, dict(HEAD, num_classes=19)]}),
    case('label 0 dropped in val', 'reduce_zero_label', {'val_dataloader.dataset.reduce_zero_label': True}),
    case('label 0 dropped in test', 'reduce_zero_label', {'test_dataloader.dataset.reduce_zero_label': True}),
    case('label 0 dropped in training', 'reduce_zero_label', {f'{LABELED}.reduce_zero_label': True}),
    case('val without masks', 'loads no masks', steps('val_dataloader.dataset.pipeline', LOAD[0], PACK)),
    case('test without masks', 'loads no masks', steps('test_dataloader.dataset.pipeline', LOAD[0], PACK)),
    case('val of unlabeled images', 'has no masks', {'val_dataloader.dataset.type': 'UnlabeledDataset'}),
    case('val without a folder of masks', 'mask', {'val_dataloader.dataset.data_prefix': dict(img_path='val')}),
    case('labeled part without a folder of masks', 'mask', {f'{LABELED}.data_prefix': dict(img_path='labeled')}),
    case('no unlabeled part', 'needs unlabeled', remove=['train_dataloader.dataset.unlabeled']),
    case('no labeled part', 'labeled', remove=['train_dataloader.dataset.labeled']),
    case('evaluator ignores another label', 'val_evaluator.ignore_index=0', {'val_evaluator.ignore_index': 0}),
    case('padding with a class', 'seg_pad_val=0', {'model.data_preprocessor.seg_pad_val': 0}),
    case('auxiliary head ignores another label', 'auxiliary_head.ignore_index', {'model.auxiliary_head': dict(HEAD, ignore_index=0)}),
    case('epochs over an endless sampler', 'never ends', {'train_cfg': EPOCHS}),
    case('an endless validation', 'never ends', {'val_dataloader.sampler.type': 'InfiniteSampler'}),
    case('an endless test', 'never ends', {'test_dataloader.sampler.type': 'InfiniteSampler'}),
    case('a metric that is misspelt', 'do you mean mIoU?', {'val_evaluator.iou_metrics': ['mIOU']}),
    case('no metrics', 'there is no', {'val_evaluator.iou_metrics': []}),
    case('no evaluators', 'nothing would be measured', {'val_evaluator': []}),
    case('a class that is named twice', 'names one twice', {f'{LABELED}.metainfo.classes': ('ground', 'one', 'one', 'three')}),
    case('a metric of another package', 'there is no', {'val_evaluator.iou_metrics': ['mAP']}),
    case('one of several metrics misspelt', 'mDice', {'val_evaluator.iou_metrics': ['mIoU', 'mDices']}),
    case('best by a misspelt metric', 'do you mean mIoU?', {'default_hooks.checkpoint.save_best': 'miou'}),
    case('best by what is not measured', 'reports no such metric', {'default_hooks.checkpoint.save_best': 'mDice'}),
    case('best by a class', 'reports no such metric', {'default_hooks.checkpoint.save_best': 'IoU.one'}),
    case('val without an evaluator', 'val_evaluator', {'val_evaluator': None}),
    case('evaluator without val', 'val_dataloader', {'val_dataloader': None}),
)  # fmt: skip
MODEL = (
    case('two clustering hooks', '2 times', {'custom_hooks': [HOOK, HOOK]}),
    case('no clustering hook', 'nothing would ever be clustered', {'custom_hooks': []}),
    case('no hooks at all', 'nothing would ever be clustered', remove=['custom_hooks']),
    case('clustering of self-training', 'model.type is SelfTraining', {'model.type': 'SelfTraining'}, ['model.num_subclasses']),
    case('clustering of a stock model', 'model.type is EncoderDecoder', {'model.type': 'EncoderDecoder'}, ['model.num_subclasses']),
    case('gate that is misspelt', 'do you mean entropy?', {'model.gate': 'entropie'}),
    case('gate of no name', 'is no choice', {'model.gate': 'best'}),
    case('windows without a size', 'crop_size=None', {'model.test_cfg.mode': 'slide'}),
    case('windows that leave gaps', 'leave gaps', {'model.test_cfg': dict(mode='slide', crop_size=(20, 20), stride=(30, 30))}),
    case('windows without a stride', 'stride=None', {'model.test_cfg': dict(mode='slide', crop_size=(20, 20))}),
    case('a way to test that is misspelt', 'do you mean slide?', {'model.test_cfg.mode': 'sliding'}),
    case('channels of another backbone', 'learning from labeled images', {'model.decode_head.in_channels': 2048}),
    case('a stage that is not there', 'would fail', {'model.decode_head.in_index': 7}),
    case('a list of channels for one stage', 'model', {'model.decode_head.in_channels': [16, 32]}),
    case('channels of an auxiliary head', 'learning from labeled images', {'model.auxiliary_head': dict(HEAD, in_channels=1024)}),
    case('mean of four bands', 'mean', {'model.data_preprocessor.mean': [1.0, 2, 3, 4]}),
    case('no data preprocessor size', 'size', {'model.data_preprocessor.size': None}),
    case('a depth that is not there', 'depth', {'model.backbone.depth': 17}),
    case('frozen stages that are not there', 'layer5', {'model.backbone.frozen_stages': 9}),
    case('class weights of another number', 'would fail', {'model.decode_head.loss_decode': dict(type='CrossEntropyLoss', class_weight=[1.0, 2.0])}),
    case('class weights over labeled pixels', 'class_weight', {'model.decode_head.loss_decode': dict(type='CrossEntropyLoss', class_weight=[1.0] * 4, avg_non_ignore=True)}),
    case('no backbone', 'no backbone', remove=['model.backbone']),
    case('no decode head', 'no decode_head', remove=['model.decode_head']),
    case('a cascade', 'needs one decode head', {'model.decode_head': [HEAD, HEAD]}),
    case('a cascade with its stages', 'needs one decode head', {'model.decode_head': [HEAD, HEAD], 'model.num_stages': 2}),
    case('no model', 'model', remove=['model']),
    case('no training data', 'train_dataloader', remove=['train_dataloader']),
    case('no optimiser', 'optim_wrapper', remove=['optim_wrapper']),
    case('no loop', 'train_cfg', remove=['train_cfg']),
    case('no optimizer', 'optim', remove=['optim_wrapper.optimizer']),
    case('a weight that is misspelt', 'do you mean backbone?', {'optim_wrapper.paramwise_cfg': dict(custom_keys={'bakbone': dict(lr_mult=0.1)})}),
    case('more subclasses than labeled cells', 'clustering would fail', {'model.num_subclasses': 100000}),
    case('more subclasses of a class than cells', 'clustering would fail', {'model.num_subclasses': 9999, 'custom_hooks.0.subclasses_per_class': [1, 1, 1, 9000]}),
    case('a negative weight of a loss', 'loss_weight=-1', {'model.decode_head.loss_decode': dict(type='DiceLoss', loss_weight=-1)}),
    case('batch of one under pooling', 'would fail', {'train_dataloader.batch_size': 1, 'model.decode_head': dict(type='ASPPHead', in_channels=64, in_index=3, channels=8, num_classes=4, norm_cfg=dict(type='BN'), dilations=(1, 2))}),
    case('scope of another package', 'USRN is not in', {'default_scope': 'mmdet'}),
    case('workers that persist without workers', 'persistent_workers', {'train_dataloader.persistent_workers': True}),
    case('prefetching without workers', 'prefetch_factor', {'train_dataloader.prefetch_factor': 2}),
    case('pretrained weights that are not there', 'no_such.pth', {'model.pretrained': 'no_such.pth'}),
    case('weights to begin with that are not there', 'no_such.pth', {'load_from': 'no_such.pth'}),
    case('features of a checkpoint that is not there', 'no_such.pth', {'custom_hooks.0.feature_checkpoint': 'no_such.pth'}),
)  # fmt: skip
PARTS = (*SCHEDULE, *VIEW, *DATA, *MODEL)
