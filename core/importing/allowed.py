"""The names that a torch file may hold, and the shells that stand for its classes and hold their state."""

from typing import Any

# What of torch.nn a file may name, by where torch defines it. Losses stand in a model beside its layers.
_ACTIVATIONS = (
    "ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Softplus Softsign Hardtanh Hardsigmoid Hardswish"
    " Tanh Sigmoid"
)
_MODULES = {
    "container": "Sequential ModuleList",
    "linear": "Linear Identity",
    "conv": "Conv2d ConvTranspose2d",
    "batchnorm": "BatchNorm1d BatchNorm2d",
    "instancenorm": "InstanceNorm2d",
    "normalization": "GroupNorm LayerNorm",
    "activation": _ACTIVATIONS,
    "dropout": "Dropout Dropout2d",
    "flatten": "Flatten Unflatten",
    "pooling": "MaxPool2d AvgPool2d AdaptiveAvgPool2d AdaptiveMaxPool2d",
    "upsampling": "Upsample UpsamplingNearest2d UpsamplingBilinear2d",
    "pixelshuffle": "PixelShuffle PixelUnshuffle",
    "loss": "MSELoss L1Loss SmoothL1Loss HuberLoss BCELoss BCEWithLogitsLoss CrossEntropyLoss KLDivLoss",
    "padding": "ZeroPad2d ReflectionPad2d ReplicationPad2d ConstantPad2d",
}
LAYERS = {
    f"torch.nn.modules.{module}.{name}": name for module, names in _MODULES.items() for name in names.split()
} | {"torch.nn.parallel.data_parallel.DataParallel": "DataParallel"}

# Bytes of one number of each storage.
STORAGES = {
    f"torch.{name}Storage": size
    for name, size in {
        "Double": 8, "Float": 4, "Half": 2, "BFloat16": 2, "Long": 8, "Int": 4, "Short": 2, "Char": 1,
        "Byte": 1, "Bool": 1,
    }.items()
}  # fmt: skip

# What is called while torch reads a tensor or an empty container, each with arguments that are checked first.
CALLED = (
    "collections.OrderedDict",
    "builtins.set",
    "torch.Size",
    "torch.device",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
)
# Values that are only named.
NAMED = tuple(f"torch.{name}" for name in ("float32", "float64", "float16", "bfloat16", "int64"))
OWN = "__main__."  # the class of whoever saved the file: a shell, whatever its name


class Shell:
    """Stands for an object of a class that is never imported: its class's name and its state."""

    path = ""
    state: dict[str, Any]

    def __setstate__(self, state: object) -> None:
        self.state = state if isinstance(state, dict) else {}


def shell(path: str) -> type[Shell]:
    """A shell for the class of this name."""
    return type("Shell", (Shell,), {"path": path, "state": {}})


def is_class(path: str) -> bool:
    """Whether a name is a class that a shell may stand for."""
    return path in LAYERS or (path.startswith(OWN) and path.count(".") == 1)


def is_allowed(path: str) -> bool:
    """Whether a file that names this may be read."""
    return is_class(path) or path in STORAGES or path in CALLED or path in NAMED
