"""The verb onnx: encoder and decoder of a run for other programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.codec import Codec
from core.config import ImportConfig
from core.errors import ExportError
from core.export.folders import check_new_folder
from core.export.networks import export_networks, missing_onnx
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import data_help, parse, positional
from core.verbs.opening import opened_for, shown

CHECKED = 5  # pictures of the data


def parse_onnx(args: Sequence[str], policy: ImportConfig) -> dict[str, Any]:
    """The options of onnx, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "run": (positional("RUN"), Field(description=tr("The run's folder."))),
        "out": (
            str,
            Field(description=tr("A new folder for encoder.onnx, decoder.onnx and about.json.")),
        ),
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Its first pictures are compared; else noise is.")),
        ),
    }
    values = parse(
        "onnx",
        fields,
        args,
        tr(
            "Write encoder and decoder as ONNX, and check that onnxruntime gives the same pictures. Needs"
            ' pip install "latent-dials[onnx]".'
        ),
        ("onnx run --out network", "onnx run --data test.npy --out network"),
        (policy,),
    )
    values["policy"] = {name: values.pop(name) for name in ImportConfig.model_fields}
    return values


def run(args: list[str]) -> int:
    """Do what the command line of onnx says and give the exit code."""
    trained = Run.open(parse_onnx(args, ImportConfig())["run"])
    values = parse_onnx(args, trained.config.data.policy)
    if missing := missing_onnx():
        raise ExportError(missing)
    out = Path(values["out"]).expanduser()
    check_new_folder(out)
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        pictures = None
        if values["data"]:
            dataset = opened_for(trained, values["data"], values["policy"], line)
            pictures = dataset.pictures(slice(0, CHECKED))
        check = shown(export_networks(codec, out, pictures), line)
    print(check.text())
    print(tr("Written: {path}", path=out))
    return 0
