"""The experiment on what to label next."""

from experiments import labelling


def test_table_in_the_docs():
    text = labelling.DOCS.read_text()
    assert labelling.table(labelling.load_rows()) in text


def test_a_row_is_the_mean_over_the_seeds():
    rows = [
        {
            'images': 'chosen',
            'masks': '25',
            'mIoU': mean,
            'IoU.symptom': '50',
            'rare_pixels': '1.5',
        }
        for mean in ('70', '72')
    ]
    *_, row = labelling.table(rows).splitlines()
    means = '71.0 ± 1.4 | 50.0 ± 0.0 | 1.5 ± 0.0'
    assert row == f'| chosen | 25 | 2 | {means} | 70.0, 72.0 |'
