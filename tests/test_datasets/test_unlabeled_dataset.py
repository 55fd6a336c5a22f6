import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.datasets import UnlabeledDataset

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]


@pytest.fixture
def folders(tmp_path):
    names = ['one/a.jpg', 'one/sub/b.PNG', 'two/c.tif', 'two/sub/d.webp']
    for index, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = np.full((8 + index, 9, 3), 40 * index, np.uint8)
        Image.fromarray(image).save(path)
    return tmp_path


def names(dataset, root):
    return [
        dataset.get_data_info(i)['img_path'].removeprefix(f'{root}/')
        for i in range(len(dataset))
    ]


def build(root, **kwargs):
    kwargs.setdefault('data_prefix', dict(img_path=['one', 'two']))
    return UnlabeledDataset(data_root=str(root), **kwargs)


def test_all_images_of_nested_folders(folders):
    expected = ['one/a.jpg', 'one/sub/b.PNG', 'two/c.tif', 'two/sub/d.webp']
    assert names(build(folders), folders) == expected
    one = build(folders, data_prefix=dict(img_path='one'))
    assert names(one, folders) == expected[:2]
    root = UnlabeledDataset(data_root=str(folders))
    assert names(root, folders) == expected


def test_samples_hold_the_image_and_no_mask(folders):
    from mmengine.registry import init_default_scope

    init_default_scope('mmseg')
    dataset = build(folders, pipeline=PIPELINE, lazy_init=True)
    dataset.full_init()
    sample = dataset[3]
    assert sample['inputs'].shape == (3, 11, 9)
    assert 'gt_sem_seg' not in sample['data_samples']


@pytest.mark.parametrize('serialize', [True, False])
def test_lazy_and_serialized_like_any_mmengine_dataset(folders, serialize):
    dataset = build(folders, lazy_init=True, serialize_data=serialize)
    assert not dataset._fully_initialized
    assert len(dataset) == 4
    assert hasattr(dataset, 'data_bytes') == serialize
    subset = build(folders, indices=2, serialize_data=serialize)
    assert len(subset) == 2


def test_lists_of_both_forms(folders):
    (folders / 'list.txt').write_text('sub/d\nc.tif\n')
    (folders / 'voc.txt').write_text('/JPEGImages/a.jpg /Seg/a.png\n')
    dataset = build(folders, ann_file=['list.txt', 'voc.txt'])
    assert names(dataset, folders) == [
        'two/sub/d.webp',
        'two/c.tif',
        'one/a.jpg',
    ]


def test_exclude_by_list_and_by_folder(folders):
    (folders / 'labeled.txt').write_text('a.jpg\nsub/d\n')
    dataset = build(folders, exclude='labeled.txt')
    assert names(dataset, folders) == ['one/sub/b.PNG', 'two/c.tif']
    (folders / 'labeled/sub').mkdir(parents=True)
    (folders / 'labeled/sub/b.jpg').write_bytes(b'x')
    dataset = build(folders, exclude=['labeled', 'labeled.txt'])
    assert names(dataset, folders) == ['two/c.tif']


def test_exclude_that_fits_nothing_or_everything_is_refused(folders):
    (folders / 'other.txt').write_text('elsewhere/x\n')
    with pytest.raises(ValueError, match='none of them is among'):
        build(folders, exclude='other.txt')
    with pytest.raises(ValueError, match='no unlabeled image is left'):
        build(folders, exclude=['one', 'two'])


def test_empty_folder_names_folder_and_suffixes(folders):
    (folders / 'none').mkdir()
    with pytest.raises(ValueError, match=r'no image in .*none.*\.jpeg \.png'):
        build(folders, data_prefix=dict(img_path='none'))


def test_list_of_other_images_is_refused(folders):
    (folders / 'list.txt').write_text('x\ny\n')
    with pytest.raises(ValueError, match='none of the 2 images of .*list.txt'):
        build(folders, ann_file='list.txt')


def test_missing_images_of_a_list_keep_their_place(folders):
    (folders / 'list.txt').write_text('gone\na\n')
    dataset = build(folders, ann_file='list.txt')
    assert names(dataset, folders) == ['one/gone.jpg', 'one/a.jpg']
