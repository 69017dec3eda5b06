"""The verb onnx: encoder and decoder of a run for other programs."""

from pydantic import Field

from core.codec import Codec
from core.errors import ExportError
from core.export.networks import export_networks, missing_onnx
from core.terminal import ProgressLine, say
from core.translate import tr
from core.usage import install_text
from core.verbs.asking import DATA, About, RunOptions
from core.verbs.opening import asked, check_out_folder, opened_for, shown

CHECKED = 5  # pictures of the data


ABOUT = About(
    "onnx",
    tr(
        "Write encoder and decoder as ONNX, and check that onnxruntime gives the same pictures. Needs"
        " {command}.",
        command=install_text("onnx"),
    ),
    ("onnx run --out network", "onnx run --data test.npy --out network"),
)


class OnnxOptions(RunOptions):
    """The options of onnx."""

    out: str = Field(description=tr("A new folder for encoder.onnx, decoder.onnx and about.json."))
    data: str = Field("", description=DATA + " " + tr("Its first pictures are compared; else noise is."))


def run(args: list[str]) -> int:
    """Do what the command line of onnx says and give the exit code."""
    trained, options = asked(OnnxOptions, ABOUT, args)
    if missing := missing_onnx():
        raise ExportError(missing)
    out = check_out_folder(options.out)
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        pictures = None
        if options.data:
            pictures = opened_for(trained, options, line).pictures(slice(0, CHECKED))
            codec.encode(pictures)  # which says it where they are of another size
        check = shown(export_networks(codec, out, pictures), line)
    say(check.text())
    say(tr("Written: {path}", path=out))
    return 0
