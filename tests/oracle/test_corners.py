"""The model in numpy against transformers, on shapes that nobody has published: needs torch and transformers."""

import numpy as np
import pytest
from e2e.corners import REFUSED, RIGHT

from rules.gemma4.oracle.forward import Reference
from rules.gemma4.oracle.weights import gguf_tensors

torch = pytest.importorskip("torch")
pytest.importorskip("transformers.models.gemma4")

SHAPES = {**RIGHT, **{name: variant for name, (variant, _) in REFUSED.items()}}
ACCEPTED = {name: each for name, each in SHAPES.items() if not each.slides(each.layers - 1)}
"""transformers makes the last layer full."""


@pytest.mark.parametrize("variant", ACCEPTED.values(), ids=ACCEPTED)
def test_as_in_transformers(variant):
    from oracle import gemma4

    class Activation(torch.nn.Module):
        def forward(self, x):
            return gemma4._gelu_table(x)

    model = gemma4._model(variant, "f32")
    for module in model.modules():
        if hasattr(module, "act_fn"):
            module.act_fn = Activation()
    ids = np.concatenate(variant.prompt())
    with torch.no_grad():
        want = model(torch.from_numpy(ids.astype(np.int64))[None], use_cache=False).logits[0].double().numpy()
    got = Reference(variant, gguf_tensors(variant)).logits(ids)
    assert ((got - want) ** 2).sum() < 1e-6 * (want**2).sum()
