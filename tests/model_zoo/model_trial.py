"""One training step and one prediction of a model, against the stock one."""

import re

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

STRIDE = 8


def check_step(model, stock) -> list[str]:
    """Train both models for a step and predict with both.

    Args:
        model: A USRN.
        stock: The stock model of the same config.

    Returns:
        What is wrong, in words; empty if all is well.
    """
    fill_table(model)
    class_weights = stock_weights(model)
    stock.load_state_dict(class_weights)
    problems = check_prediction(model, stock)
    batch = model.data_preprocessor(made_up_batch(model), True)
    total, log = model.parse_losses(model(**batch, mode='loss'))
    total.backward()
    if not all(value.isfinite().all() for value in log.values()):
        problems.append('a loss is not finite')
    stock_total, _ = stock.parse_losses(
        stock(batch['inputs']['sup'], batch['data_samples']['sup'], 'loss')
    )
    stock_total.backward()
    lacking = without_gradient(stock)
    extra = {
        name
        for name in without_gradient(model)
        if stock_name(name) not in lacking
    }
    if extra:
        problems.append(f'no gradient for {", ".join(sorted(extra))}')
    return problems


def check_prediction(model, stock) -> list[str]:
    """Compare the predictions, and count what else runs.

    Args:
        model: A USRN.
        stock: The stock model with the weights of the class branch.
    """
    model.eval()
    stock.eval()
    size = image_size(model)
    called = []
    parts = [model.backbone.fork, model.decode_head.subclass_head]
    handles = [
        module.register_forward_pre_hook(lambda *_: called.append(1))
        for part in [*parts, model.subclass_neck]
        if part is not None
        for module in part.modules()
    ]
    inputs = torch.randn(1, 3, size, size)
    ours, theirs = (predict(m, inputs) for m in (model, stock))
    for handle in handles:
        handle.remove()
    model.train()
    stock.train()
    problems = []
    if not torch.equal(ours, theirs):
        problems.append('the prediction differs from the stock model')
    if called:
        problems.append('the subclass branch runs at test time')
    return problems


def predict(model, inputs: torch.Tensor) -> torch.Tensor:
    """Logits of one image; some heads (Hamburger) draw random numbers."""
    torch.manual_seed(0)
    with torch.no_grad():
        return model.predict(inputs)[0].seg_logits.data


def stock_weights(model) -> dict[str, torch.Tensor]:
    """Weights of the class branch under the names of the stock model."""
    return {
        stock_name(name): value
        for name, value in model.state_dict().items()
        if not name.startswith(
            (
                'backbone.fork.',
                'subclass_neck.',
                'decode_head.subclass_head.',
                'subclass_table.',
                'teacher.',
                'logit_adjustment.',
            )
        )
    }


def stock_name(name: str) -> str:
    """Name in the stock model of a weight of either branch."""
    name = re.sub(r'^backbone\.(trunk|fork)\.', 'backbone.', name)
    name = re.sub(r'^(subclass_)?neck\.', 'neck.', name)
    return re.sub(r'^(decode_head)\.(sub)?class_head\.', r'\1.', name)


def without_gradient(model) -> set[str]:
    """Names of the trainable weights that got no gradient."""
    return {
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    }


def fill_table(model) -> None:
    """Give the model subclasses of two labeled images, drawn at random."""
    num_classes, num_subclasses = (
        model.num_classes,
        model.subclass_table.num_subclasses,
    )
    parents = torch.arange(num_subclasses) % num_classes
    cells = (image_size(model) // STRIDE) ** 2
    model.subclass_table.fill(
        subclass_to_class=parents,
        prototypes=torch.zeros(num_subclasses, 4),
        prices=torch.zeros(num_subclasses),
        cells_per_image=torch.tensor([cells, cells]),
        cell_subclass=torch.randint(num_subclasses, (2 * cells,)).int(),
        dominant_subclass=torch.full((2, num_classes), -1).int(),
    )


def image_size(model) -> int:
    """Side of the images that the model is tried with."""
    return model.data_preprocessor.data_preprocessor.size[0]


def made_up_batch(model) -> dict:
    """Two labeled and two unlabeled images as a data loader gives them."""
    size = image_size(model)
    branches = ('sup', 'unsup_weak', 'unsup_strong')
    return dict(
        inputs={
            branch: list(torch.randint(256, (2, 3, size, size)).byte())
            for branch in branches
        },
        data_samples={
            'sup': [
                labeled_sample(i, size, model.num_classes) for i in range(2)
            ],
            'unsup_weak': [SegDataSample(), SegDataSample()],
            'unsup_strong': [SegDataSample(), SegDataSample()],
        },
    )


def labeled_sample(index: int, size: int, num_classes: int) -> SegDataSample:
    """Classes in vertical stripes, with cells, edges and ignored pixels."""
    column = torch.arange(size).repeat(size, 1)
    labels = column * num_classes // size
    labels[:2] = 255
    cells = column.T // STRIDE * (size // STRIDE) + column // STRIDE
    return SegDataSample(
        gt_sem_seg=PixelData(data=labels[None]),
        gt_cell_map=PixelData(data=cells[None]),
        gt_edge_map=PixelData(data=labels[None] % 2),
        metainfo=dict(labeled_index=index),
    )
