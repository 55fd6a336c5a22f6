"""Validation of the model config."""

from inspect import signature

from mmseg.models.segmentors import EncoderDecoder

from ..decode_heads.dual_head import check_head_type
from ..semi import GATE_RULES

IGNORED_BY_DEFAULT = 255
"""Label that MMSeg ignores and pads with unless told otherwise."""

_WAY_OUT = 'choose a model base of type EncoderDecoder'


def refuse_cascade(model: dict) -> None:
    """Refuse a model of several decode heads, one after the other.

    Args:
        model: Its config, whole or what of it may belong to a cascade.

    Raises:
        ValueError: If it is one.
    """
    several = isinstance(model.get('decode_head'), list | tuple)
    if several or 'num_stages' in model:
        raise ValueError(
            'USRN needs one decode head, but a cascade (OCRNet, PointRend) '
            f'refines the output of one head with another; {_WAY_OUT}'
        )


def check_model(
    backbone: dict | None,
    decode_head: dict | list[dict] | None,
    data_preprocessor: dict | None,
    others: dict,
) -> None:
    """Refuse what is no plain encoder-decoder with classes.

    Args:
        backbone: Config of the backbone.
        decode_head: Config of the decode head.
        data_preprocessor: Config of the stock preprocessor.
        others: Further arguments, which ``EncoderDecoder`` must have.

    Raises:
        ValueError: If the model cannot work.
    """
    unknown = others.keys() - signature(EncoderDecoder).parameters.keys()
    refuse_cascade(dict(others, decode_head=decode_head))
    if 'image_encoder' in unknown:
        raise ValueError(
            'a multimodal segmentor (SAN) classifies masks with the words of '
            f'a language model; {_WAY_OUT}'
        )
    if unknown:
        raise ValueError(
            f'USRN has no argument {", ".join(sorted(unknown))}; it takes '
            "those of MMSeg's EncoderDecoder and the settings in its docstring"
        )
    for name, part in dict(backbone=backbone, decode_head=decode_head).items():
        if part is None:
            raise ValueError(
                f'the model has no {name}, like a depth estimator (VPD); '
                f'{_WAY_OUT}'
            )
    check_head_type(decode_head)
    _check_classes(decode_head, data_preprocessor)


def check_settings(
    decode_head: dict,
    num_subclasses: int | None,
    threshold: float,
    gate: str,
) -> None:
    """Refuse settings of USRN that are out of range.

    Args:
        decode_head: Config of the decode head.
        num_subclasses: Outputs of the subclass branch, if they are given.
        threshold: Confidence above which pseudo labels count.
        gate: Rule of the gate.

    Raises:
        ValueError: If one of them cannot work.
    """
    num_classes = decode_head['num_classes']
    if num_subclasses is not None and num_subclasses < num_classes:
        raise ValueError(
            f'num_subclasses={num_subclasses} is below '
            f'num_classes={num_classes}; every class needs a subclass'
        )
    if not 0 <= threshold < 1:
        raise ValueError(f'threshold must be in [0, 1), got {threshold}')
    if gate not in GATE_RULES:
        raise ValueError(f'gate must be one of {GATE_RULES}, got {gate!r}')


def _check_classes(decode_head: dict, data_preprocessor: dict | None) -> None:
    num_classes = decode_head.get('num_classes')
    if num_classes is None:
        raise ValueError(
            f'decode_head of type {decode_head["type"]} has no num_classes, '
            'so it is no per-pixel head with one classifier; choose another'
        )
    if num_classes < 2:
        raise ValueError(
            f'num_classes={num_classes}: USRN needs at least 2 classes, '
            'background included'
        )
    ignored = {
        'decode_head.ignore_index': decode_head.get(
            'ignore_index', IGNORED_BY_DEFAULT
        ),
        'data_preprocessor.seg_pad_val': (data_preprocessor or {}).get(
            'seg_pad_val', IGNORED_BY_DEFAULT
        ),
    }
    if num_classes <= IGNORED_BY_DEFAULT:
        return
    for name, value in ignored.items():
        if value == IGNORED_BY_DEFAULT:
            raise ValueError(
                f'{name}={value} is the label of a class, there are '
                f'{num_classes}: set it to a value that is none, such as '
                '65535, in the dataset (ignore_index), the decode head and '
                'the auxiliary heads (ignore_index), the metric '
                '(ignore_index) and the data preprocessor (seg_pad_val), and '
                'load the masks with LoadWideAnnotations'
            )
