"""Order of images by what labelling them would bring."""

import csv

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmseg_usrn.apis import build_class_branch
from mmseg_usrn.apis.ranking import (
    ContentReader,
    ImageContent,
    build_both_branches,
    choose_by_coverage,
    rank_images,
    rare_classes,
)
from mmseg_usrn.config_file import read_config
from mmseg_usrn.models.semi import normalized_entropy

SUBCLASSES = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])


@pytest.fixture
def clustered(trained):
    """The trained USRN with a clustering in its checkpoint."""
    config, checkpoint = trained
    loaded = torch.load(checkpoint)
    table = dict(
        subclass_to_class=SUBCLASSES,
        prototypes=torch.zeros(8, 4),
        prices=torch.zeros(8),
        cells_per_image=torch.tensor([2]),
        cell_subclass=torch.zeros(2, dtype=torch.int32),
        dominant_subclass=torch.zeros(1, 4, dtype=torch.int32),
    )
    for name, value in table.items():
        loaded['state_dict'][f'subclass_table.{name}'] = value
    torch.save(loaded, checkpoint)
    return config, checkpoint


@pytest.fixture
def photos(tmp_path):
    """Three photographs."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        pixels = rng.integers(0, 255, (48, 64, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f'{number}.png')
    return folder


def test_rows_that_add_most():
    """By hand; the copy comes last of its round, then a new round starts."""
    worth = np.array(
        [[3.0, 0.0, 0.0], [3.0, 0.0, 0.0], [2.0, 2.0, 0.0], [0.0, 1.0, 1.5]]
    )
    # 2 adds 4; then 3 adds 1.5, 0 and 1 add 1; then 0 adds 1, 1 nothing:
    # it starts again from nothing.
    found = choose_by_coverage(worth)
    assert found == [(2, 4.0), (3, 1.5), (0, 1.0), (1, 3.0)]
    assert choose_by_coverage(worth, 2) == found[:2]
    assert choose_by_coverage(np.zeros((2, 3))) == [(0, 0.0), (1, 0.0)]


def all_gains_anew(worth, seen):
    """The same order by looking at every row for every pick."""
    covered = np.zeros(worth.shape[1])
    left, picks = [*range(len(worth))], []
    while left:
        gains = [(row - covered).clip(0).sum() for row in worth[left]]
        seen.append(len(left))
        if max(gains) == 0:
            covered[:] = 0
            gains = [row.sum() for row in worth[left]]
        best = int(np.argmax(gains))
        picks.append((left[best], float(gains[best])))
        covered = np.maximum(covered, worth[left.pop(best)])
    return picks


class Counted(np.ndarray):
    """An array that counts the rows that are taken out of it."""

    rows = 0

    def __getitem__(self, key):
        taken = np.asarray(self)[key]
        Counted.rows += len(np.atleast_2d(taken))
        return taken


@pytest.mark.parametrize('levels', [2, 4, None])
def test_few_rows_are_looked_at_for_the_same_order(levels, monkeypatch):
    """With many ties of few levels, copies and rows of nothing."""
    monkeypatch.setattr(Counted, 'rows', 0)
    rng, seen = np.random.default_rng(0), []
    for _ in range(5):
        worth = rng.random((80, 12)) * rng.random((80, 1))
        if levels:
            worth = np.floor(worth * levels)
        worth[60:70], worth[70:] = worth[:10], 0
        wanted = all_gains_anew(worth, seen)
        assert choose_by_coverage(worth.view(Counted)) == wanted
        assert choose_by_coverage(worth, 7) == wanted[:7]
    assert Counted.rows < sum(seen) / 3


def test_value_of_images():
    """Two classes, four subclasses, by hand."""

    def content(uncertainty, rare, *shares):
        return ImageContent(
            uncertainty, np.array([1 - rare, rare]), np.array(shares)
        )

    contents = [
        content(0.1, 0.04, 1.0, 0.0, 0.0, 0.0),
        content(0.3, 0.08, 0.0, 0.5, 0.5, 0.0),
        content(0.3, 0.08, 0.0, 0.5, 0.5, 0.0),  # a copy
        content(0.1, 0.0, 0.0, 0.5, 0.0, 0.5),
    ]
    # Means: uncertainty 0.2, share of the rare class 1 0.05.
    first, second, third, copy = rank_images(contents)
    assert [i.index for i in (first, second, third)] == [1, 0, 3]
    assert first.score == pytest.approx(0.3 / 0.2 + 0.08 / 0.05)
    assert first.coverage == pytest.approx(1)
    assert (first.uncertainty, first.rare_share) == (0.3, 0.08)
    assert second.score == pytest.approx(0.1 / 0.2 + 0.04 / 0.05)
    # Value 0.5; its second subclass is shown already, its fourth is new.
    assert third.score == pytest.approx(0.5 * 0.5)
    assert third.coverage == pytest.approx(0.5)
    assert copy.index == 2
    assert [i.index for i in rank_images(contents, 2)] == [1, 0]
    assert rank_images([]) == []


def test_rare_classes_have_less_than_a_quarter_of_an_equal_share():
    shares = [[0.6, 0.3, 0.07, 0.03], [0.8, 0.1, 0.05, 0.05]]
    assert rare_classes(shares).tolist() == [2, 3]  # 0.06, 0.04 < 0.0625
    assert rare_classes([[0.8, 0.2]]).tolist() == []


def test_content_is_what_the_gate_sees(clustered, photos):
    model = build_both_branches(*clustered)
    assert model.teacher is None and model.subclass_table.is_ready
    reader = ContentReader(model)
    samples = [reader.load(photos / f'{number}.png') for number in range(2)]
    found = reader.predict(samples)
    with torch.no_grad():
        batch = dict(
            inputs=[s['inputs'] for s in samples],
            data_samples=[s['data_samples'] for s in samples],
        )
        inputs = model.data_preprocessor(batch)['inputs']
        prob, subclass_prob = (
            logits.softmax(1) for logits in model.forward_unlabeled(inputs)
        )
    pairs = normalized_entropy(prob), normalized_entropy(subclass_prob)
    entropy = torch.stack(pairs).amin(0)
    for i, content in enumerate(found):
        mean = entropy[i].mean().item()
        assert content.uncertainty == pytest.approx(mean, rel=1e-5)
        assert content.class_shares == pytest.approx(
            prob[i].mean((1, 2)).numpy(), rel=1e-5
        )
        counts = torch.bincount(subclass_prob[i].argmax(0).ravel(), None, 8)
        assert content.subclass_shares == pytest.approx(
            (counts / counts.sum()).numpy()
        )


def test_without_subclasses_classes_take_their_place(trained, photos):
    """Of a warm-up as of a baseline."""
    model = build_both_branches(*trained)
    assert type(model) is type(build_class_branch(*trained))
    reader = ContentReader(model)
    (content,) = reader.predict([reader.load(photos / '0.png')])
    assert content.subclass_shares.shape == content.class_shares.shape == (4,)
    assert content.subclass_shares.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    'change', [dict(num_subclasses=12), dict(fork_after=2)]
)
def test_a_subclass_branch_of_another_config_is_refused(clustered, change):
    config, checkpoint = clustered
    cfg = read_config(config)
    cfg.model.update(change)
    with pytest.raises(ValueError, match='weights of the subclass branch'):
        build_both_branches(cfg, checkpoint)


def test_one_output_for_two_classes_is_refused(trained):
    cfg = Config.fromfile(trained[0])
    model = build_class_branch(cfg, trained[1])
    model.out_channels = 1
    with pytest.raises(ValueError, match='one output for two classes'):
        ContentReader(model)


@pytest.mark.slow
def test_the_tool(clustered, photos, run_tool, tmp_path):
    """A broken file is listed, a labeled image left out, nothing lost."""
    (photos / 'broken.jpg').write_bytes(b'no picture')
    labeled = tmp_path / 'labeled.txt'
    labeled.write_text('1\n')
    out = tmp_path / 'out/next.csv'
    command = ('rank_images.py', *clustered, photos, '--out', out)
    done = run_tool(*command, '--skip', labeled, check=False)
    assert done.returncode == 1
    assert f'2 of 2 images in {out}' in done.stdout
    assert f'{photos}/broken.jpg' in done.stdout.split('not be read:')[1]
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row['rank'] for row in rows] == ['1', '2']
    assert {row['image'] for row in rows} == {
        str(photos / '0.png'),
        str(photos / '2.png'),
    }
    assert float(rows[0]['coverage']) == 1
    names = out.with_suffix('.txt').read_text().split()
    assert names == [row['image'][-5] for row in rows]
    again = run_tool(*command, check=False)
    assert again.returncode == 1
    assert 'would be overwritten' in again.stdout
    labeled.write_text('photos/1\n')
    command = (*command[:-1], tmp_path / 'other.csv')
    none = run_tool(*command, '--skip', labeled, check=False)
    assert 'has the name of no image: it names photos/1' in none.stdout
    wrong = run_tool(*command[:-1], tmp_path / 'next', check=False)
    assert 'error: --out' in wrong.stdout and '.csv' in wrong.stdout
