"""Files of exported networks, in the runtimes that read them."""

import numpy as np
import pytest
import torch

from mmseg_usrn.apis import build_class_branch
from mmseg_usrn.apis.export import (
    ExportedNetwork,
    ExportOptions,
    export_model,
    load_onnx,
    load_openvino,
    load_torch,
    write_onnx,
)
from mmseg_usrn.apis.export.checks import Dynamic
from mmseg_usrn.apis.export.optional import import_optional

LOADERS = dict(onnx=load_onnx, openvino=load_openvino, torch=load_torch)


@pytest.mark.parametrize('target', LOADERS)
def test_logits_of_any_batch_and_size(trained, tmp_path, target):
    options = ExportOptions((40, 40))
    paths, outcome = export_model(*trained, target, tmp_path / 'out', options)
    dynamic = outcome.dynamic
    assert dynamic.batch and dynamic.size, outcome
    assert dynamic.multiple == (32 if target == 'torch' else 1)
    assert set((tmp_path / 'out').iterdir()) == set(paths)
    run = LOADERS[target](paths[0])
    model = build_class_branch(*trained)
    for shape in ((1, 3, 64, 96), (3, 3, 160, 32)):
        image = torch.randn(shape)
        with torch.no_grad():
            meta = dict(img_shape=shape[2:])
            expected = model.encode_decode(image, [meta])
        found = torch.from_numpy(run(image.numpy()))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_images_as_loaded_to_classes(trained, tmp_path):
    """Normalisation and the choice of the class are in the file."""
    options = ExportOptions((40, 40), preprocessing=True, argmax=True)
    (path,), _ = export_model(*trained, 'onnx', tmp_path / 'out', options)
    model = build_class_branch(*trained)
    image = torch.randint(256, (2, 3, 45, 70)).float()
    normalised = (image - 127.5) / 50
    with torch.no_grad():
        logits = model.encode_decode(normalised, [dict(img_shape=(45, 70))])
    labels = load_onnx(path)(image.numpy())
    assert labels.dtype == np.int64
    assert (labels == logits.argmax(1).numpy()).mean() > 0.999


def test_a_size_that_is_asked_for(trained, tmp_path):
    options = ExportOptions((40, 56), any_size=False)
    (path,), outcome = export_model(
        *trained, 'onnx', tmp_path / 'out', options
    )
    assert outcome.dynamic.batch and not outcome.dynamic.size
    run = load_onnx(path)
    assert run(np.zeros((2, 3, 40, 56), np.float32)).shape == (2, 4, 40, 56)
    with pytest.raises(Exception, match='Got: 48 Expected: 40'):
        run(np.zeros((2, 3, 48, 56), np.float32))


def test_older_runtimes_read_the_file(trained, tmp_path):
    onnx = pytest.importorskip('onnx')
    options = ExportOptions((40, 40))
    (path,), _ = export_model(*trained, 'onnx', tmp_path / 'out', options)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [o.version for o in model.opset_import if not o.domain] == [17]
    assert model.ir_version <= 8
    (image,) = model.graph.input
    names = [
        d.dim_param or d.dim_value for d in image.type.tensor_type.shape.dim
    ]
    assert names == ['batch', 3, 'height', 'width']


def test_a_missing_package_is_told():
    with pytest.raises(ValueError, match='package not-here: pip install not-'):
        import_optional('not_here.part')


def test_padding_in_the_file(trained, tmp_path):
    """Images of odd sizes are padded to what 16 divides, and cut back."""
    model = build_class_branch(*trained)
    model.data_preprocessor.test_cfg = dict(size_divisor=16)
    network = ExportedNetwork(
        model, ExportOptions((48, 48), preprocessing=True)
    )
    path = tmp_path / 'padded.onnx'
    outcome = write_onnx(network, path)
    assert outcome.dynamic == Dynamic()
    image = torch.randint(256, (2, 3, 45, 70)).float()
    padded = torch.zeros(2, 3, 48, 80)
    padded[:, :, :45, :70] = (image - 127.5) / 50
    with torch.no_grad():
        logits = model.encode_decode(padded, [dict(img_shape=(48, 80))])
    found = torch.from_numpy(load_onnx(path)(image.numpy()))
    expected = logits[:, :, :45, :70]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
