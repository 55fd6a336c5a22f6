import pytest

from mmseg_usrn.data_check.names import (
    Template,
    core_of,
    find_templates,
    suffixes_of,
)


def names(*templates, count=9):
    return [
        t.format(f'{i:02}', i * 7919) for i in range(count) for t in templates
    ]


@pytest.mark.parametrize(
    'image, mask, sides',
    [
        ('{}', '{}', Template()),
        ('t/{}', 't/{}', Template()),
        ('{}', '{}_mask', Template(mask=('', '_mask'))),
        ('{}_image', '{}_gt', Template(('', '_image'), ('', '_gt'))),
        ('img_{}', 'mask_{}', Template(('img_', ''), ('mask_', ''))),
        ('a{}_x', 'a{}_y', Template(('', '_x'), ('', '_y'))),
    ],
)
def test_templates_of_two_folders(image, mask, sides):
    masks = names(mask)[:5]
    assert find_templates(names(image), masks)[0] == (sides, 5)


def test_numbers_of_roboflow_may_differ():
    found = find_templates(names('{}.rf.{:x}'), names('{}.rf.9{:x}_mask'))
    template, count = found[0]
    assert count == 9
    assert core_of('03.rf.ab12', template.image) == '03'
    assert core_of('03.rf.ff_mask', template.mask) == '03'
    assert '*' in suffixes_of(template.mask, ['x.png'])[0]


def test_in_one_folder_the_words_tell_which_is_the_mask():
    files = names('{}_scan.png', '{}_label.png')
    assert find_templates(files, files)[0][0] == Template(
        ('', '_scan.png'), ('', '_label.png')
    )


def test_names_without_anything_in_common():
    assert find_templates(['abc', 'def'], ['ghi', 'jkl']) == []


@pytest.mark.parametrize(
    'sides, files, suffixes',
    [
        (('', ''), ['a.png'], None),
        (('', '_m'), ['a_m.png', 'b_m.png', 'c_m.tif'], ['_m.png', '_m.tif']),
        (('m_', ''), ['m_a.png'], ['m_{}.png']),
        (('', '.rf.*'), ['a.rf.1.jpg'], ['{}.rf.*.jpg']),
    ],
)
def test_settings_of_a_side(sides, files, suffixes):
    assert suffixes_of(sides, files) == suffixes


def test_many_long_names_take_no_time():
    files = [f'scene_{i:06}_cam1_left_0001' for i in range(3000)]
    found = find_templates(files, [f'{name}_mask' for name in files])
    assert found[0] == (Template(mask=('', '_mask')), 3000)
