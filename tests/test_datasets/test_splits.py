import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.datasets.splits import (
    check_disjoint,
    draw_labeled,
    read_classes,
    read_split,
    subtract,
    write_split,
)


def write(path, text):
    path.write_text(text)
    return path


def save_mask(folder, stem, values):
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.array([values], np.uint8)).save(folder / f'{stem}.png')


@pytest.mark.parametrize(
    ('line', 'stem'),
    [
        ('2007_000032', '2007_000032'),
        ('aachen/aachen_000000_000019', 'aachen/aachen_000000_000019'),
        ('trip 1/img.5', 'trip 1/img.5'),
        ('photo.JPG', 'photo'),
        ('/JPEGImages/a.jpg /SegmentationClassAug/a.png', 'a'),
        ('/JPEGImages/a.jpg', 'a'),
        ('JPEGImages/a.jpg SegmentationClass/a.png', 'a'),
        ('JPEGImages/a.jpg', 'JPEGImages/a'),
        (
            '/leftImg8bit/train/ulm/ulm_000000_000019_leftImg8bit.png '
            '/gtFine/train/ulm/ulm_000000_000019_gtFine_labelTrainIds.png',
            'ulm/ulm_000000_000019',
        ),
    ],
)
def test_each_form_of_a_line(tmp_path, line, stem):
    assert read_split(write(tmp_path / 'a.txt', f'{line}\n')) == [stem]


def test_forms_may_mix_and_order_is_kept(tmp_path):
    text = 'z\n\n/JPEGImages/b.jpg /SegmentationClassAug/b.png\r\na\n'
    assert read_split(write(tmp_path / 'a.txt', text)) == ['z', 'b', 'a']


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'lists no image'),
        ('a\n/Images/b.jpg\n', r"line 2: cannot tell the image from '/Images"),
        ('a\nb\n/JPEGImages/a.jpg x\n', 'lists a more than once'),
    ],
)
def test_bad_lists(tmp_path, text, message):
    path = write(tmp_path / 'a.txt', text)
    with pytest.raises(ValueError, match=message) as error:
        read_split(path)
    assert str(path) in str(error.value)


def test_missing_list_names_the_path_and_the_tool(tmp_path):
    with pytest.raises(ValueError, match='none.txt is not.*make_splits.py'):
        read_split(tmp_path / 'none.txt')


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('straße\nb\n', encoding='utf-8-sig')
    assert read_split(path) == ['straße', 'b']
    write_split(path, ['straße'])
    assert path.read_bytes() == 'straße\n'.encode()


def test_lists_of_another_encoding_are_refused(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('straße\n', encoding='cp1252')
    with pytest.raises(ValueError, match=r'a.txt is no UTF-8 text .*save it'):
        read_split(path)


def test_written_lists_are_read_back(tmp_path):
    write_split(tmp_path / 'a.txt', ['b', 'city/a'])
    assert (tmp_path / 'a.txt').read_text() == 'b\ncity/a\n'
    assert read_split(tmp_path / 'a.txt') == ['b', 'city/a']


def test_overlap_is_an_error():
    check_disjoint(['a', 'b'], ['c'])
    with pytest.raises(ValueError, match='2 images .* l.txt and u.txt: b, c'):
        check_disjoint(['a', 'b', 'c'], ['c', 'b'], ('l.txt', 'u.txt'))


def test_long_lists_of_names_are_cut():
    names = [str(n) for n in range(8)]
    with pytest.raises(ValueError, match='0, 1, 2, 3, 4 and 3 more'):
        check_disjoint(names, names)


def test_read_classes(tmp_path):
    save_mask(tmp_path / 'm', 'a', [0, 2, 255, 2])
    save_mask(tmp_path / 'm', 'b', [1, 255])
    assert read_classes(['a', 'b'], tmp_path / 'm') == {'a': {0, 2}, 'b': {1}}


def test_palette_masks_give_indices(tmp_path):
    mask = Image.fromarray(np.array([[0, 3]], np.uint8), mode='L')
    mask.putpalette([200, 0, 0] * 256)
    mask.save(tmp_path / 'a.png')
    assert read_classes(['a'], tmp_path) == {'a': {0, 3}}


def test_bad_masks_are_named(tmp_path):
    save_mask(tmp_path / 'm', 'a', [0, 1])
    save_mask(tmp_path / 'm', 'b', [7])
    with pytest.raises(ValueError, match=r'b\.png has value 7.*0\.\.2'):
        read_classes(['a', 'b'], tmp_path / 'm', num_classes=3)
    with pytest.raises(ValueError, match=r'c\.png is missing'):
        read_classes(['c'], tmp_path / 'm')
    Image.new('RGB', (2, 2)).save(tmp_path / 'm' / 'd.png')
    with pytest.raises(ValueError, match=r'd\.png has mode RGB'):
        read_classes(['d'], tmp_path / 'm')


def test_classes_without_image_are_named(tmp_path):
    save_mask(tmp_path / 'm', 'a', [0, 2])
    with pytest.raises(ValueError, match='none of the 1 images.* 1, 3;'):
        read_classes(['a'], tmp_path / 'm', num_classes=4)


def make_classes(num_images=200, num_classes=12):
    """Class c is in about one of 2**c / 2 images; the last in one image."""
    rng = np.random.default_rng(0)
    stems = [f'{n:03d}' for n in range(num_images)]
    classes = {
        stem: frozenset(
            c for c in range(num_classes - 1) if rng.random() < 2.0 ** (1 - c)
        )
        for stem in stems
    }
    classes['117'] |= {num_classes - 1}
    missing = set(range(num_classes)).difference(*classes.values())
    classes['003'] |= missing
    return stems, classes


@pytest.mark.parametrize('seed', range(5))
def test_smaller_draws_lie_inside_larger_ones(seed):
    stems, classes = make_classes()
    draws = [draw_labeled(stems, n, seed, classes) for n in (12, 25, 50, 150)]
    for small, large in zip(draws[:-1], draws[1:], strict=True):
        assert set(small) < set(large)
    assert [len(draw) for draw in draws] == [12, 25, 50, 150]


@pytest.mark.parametrize('seed', range(5))
def test_every_class_is_drawn(seed):
    stems, classes = make_classes()
    drawn = draw_labeled(stems, 12, seed, classes)
    assert set().union(*(classes[stem] for stem in drawn)) == set(range(12))


def test_draw_depends_on_seed_alone():
    stems, classes = make_classes()
    drawn = draw_labeled(stems, 30, 3, classes)
    assert drawn == draw_labeled(stems, 30, 3, classes)
    assert set(drawn) == set(draw_labeled(stems[::-1], 30, 3, classes))
    assert drawn != draw_labeled(stems, 30, 4, classes)
    assert drawn == sorted(drawn)


def test_each_image_is_drawn_equally_often_without_classes():
    stems = [str(n) for n in range(10)]
    hits = dict.fromkeys(stems, 0)
    for seed in range(2000):
        for stem in draw_labeled(stems, 3, seed):
            hits[stem] += 1
    # Binomial(2000, 0.3): mean 600, standard deviation 20.5.
    assert min(hits.values()) > 500
    assert max(hits.values()) < 700


def test_draws_that_cannot_be():
    stems = ['a', 'b', 'c']
    for count in (0, 3, 4):
        with pytest.raises(ValueError, match=f'{count} labeled .* 1 to 2'):
            draw_labeled(stems, count, 0)
    classes = {stem: frozenset([n]) for n, stem in enumerate(stems)}
    with pytest.raises(ValueError, match='2 labeled .* takes 3 images'):
        draw_labeled(stems, 2, 0, classes)


def test_subtract():
    assert subtract(['c', 'a', 'b'], ['a']) == ['c', 'b']
    with pytest.raises(ValueError, match='1 labeled .* not in .*: x'):
        subtract(['a', 'b'], ['a', 'x'])
    with pytest.raises(ValueError, match='none is left'):
        subtract(['a'], ['a'])


def test_the_shared_splits_are_read(shared_dir):
    """They were drawn by another rule: 46 of 367 images, seed 0."""
    folder = shared_dir / 'data' / 'camvid' / 'splits' / '1over8' / 'seed0'
    labeled = read_split(folder / 'labeled.txt')
    unlabeled = read_split(folder / 'unlabeled.txt')
    check_disjoint(labeled, unlabeled)
    assert (len(labeled), len(unlabeled)) == (46, 321)
