import pytest

from mmseg_usrn.data_check import LabelRules, likely_cause


def cause(values, num_classes, palette=False, **rules):
    counts = dict.fromkeys(values, 1)
    return likely_cause(counts, LabelRules(num_classes, **rules), palette)


@pytest.mark.parametrize(
    'values, num_classes, settings',
    [
        ([0, 255], 2, dict(label_map={255: 1})),
        ([1, 2, 3, 4], 4, dict(reduce_zero_label=True)),
        ([1, 4, 255], 4, dict(reduce_zero_label=True)),
        ([0, 1, 2, 3, 4], 4, dict(reduce_zero_label=True)),
        ([0, 128, 255], 3, dict(label_map={0: 0, 128: 1, 255: 2})),
        ([0, 100, 200, 255], 3, dict(label_map={0: 0, 100: 1, 200: 2})),
        ([0, 1, 2, 3, 9], 4, {}),
        (range(0, 250, 5), 4, {}),
    ],
)
def test_settings_that_fix_the_values(values, num_classes, settings):
    found = cause(values, num_classes)
    assert found.settings == settings
    if settings:
        rules = LabelRules(num_classes, **settings)
        labels = rules.labels(values).values()
        assert all(rules.is_valid(label) for label in labels)


@pytest.mark.parametrize(
    'values, num_classes, words',
    [
        ([0, 255], 2, 'binary masks'),
        ([1, 2, 3, 4], 4, 'start at 1'),
        ([0, 1, 2, 3, 4], 4, 'if 0 is a class (background), name it first'),
        ([0, 1, 2, 3, 9], 4, 'label_map={9: 255}'),
        (range(0, 250, 5), 4, 'smoothed'),
        ([255], 4, 'empty'),
    ],
)
def test_texts(values, num_classes, words):
    assert words in cause(values, num_classes).text


def test_palette_and_rules_in_force():
    assert 'palette' in cause([0, 1, 9], 2, palette=True).text
    text = cause([0, 5], 3, label_map={5: 3}).text
    assert '5 becomes 3' in text
    text = cause([1, 2, 9], 3, reduce_zero_label=True).text
    assert '9 becomes 8' in text
