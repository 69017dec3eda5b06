"""What the program says of itself before anything is loaded: its name, its version, its verbs."""

from importlib import metadata

from core.translate import tr

PROGRAM = "latent-dials"
VERB_NAMES = (
    "train",
    "edit",
    "info",
    "import",
    "score",
    "neighbours",
    "map",
    "dials",
    "heat",
    "factors",
    "directions",
    "compare",
    "runs",
    "traverse",
    "interpolate",
    "sample",
    "replay",
    "batch",
    "codes",
    "onnx",
)


def own_version() -> str:
    """The version of this program as it is installed."""
    try:
        return metadata.version(PROGRAM)
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "not installed"


def install_text(extra: str) -> str:
    """How the packages of an optional part are installed: from the program's folder, as it was itself."""
    return tr('pip install -e ".[{extra}]" in the program\'s folder', extra=extra)


def version_line() -> str:
    """What the program says to --version."""
    return f"{PROGRAM} {own_version()}"


def overview() -> str:
    """What the program says to --help without a verb."""
    verbs = (
        ("train", tr("train a network on pictures")),
        ("edit", tr("change the code of a picture, write before and after as one PNG")),
        ("info", tr("say what a run or a source of pictures is")),
        ("import", tr("make a run of a network of another program")),
        ("score", tr("write how badly each picture is reconstructed, as ID,score")),
        ("neighbours", tr("say how unusual a code is, and which pictures have the nearest codes")),
        ("map", tr("place the codes of all pictures on a plane, as CSV or PNG")),
        ("dials", tr("say of every dial how codes are spread along it, its KL and its effect")),
        ("heat", tr("show where dials act on one picture")),
        ("factors", tr("hold the dials against known factors: MIG, DCI, who knows what")),
        ("directions", tr("find what leads towards a label, a group or a component, and keep it")),
        ("compare", tr("measure two runs on the same pictures and write one page")),
        ("runs", tr("list the runs of a folder, or say what differs between two")),
        ("traverse", tr("turn dials of a picture through their range: a sheet, or moving pictures")),
        ("interpolate", tr("go from one picture to another: a strip, or moving pictures")),
        ("sample", tr("decode random codes: a sheet, or one picture that walks through them")),
        ("replay", tr("show an edit by the networks of earlier epochs: a sheet, or moving pictures")),
        ("batch", tr("apply one adjustment to many pictures")),
        ("codes", tr("write codes or directions for other programs, as .npz or CSV")),
        ("onnx", tr("write encoder and decoder as ONNX")),
    )
    width = max(len(name) for name, _ in verbs)
    return "\n".join(
        [
            tr(
                "usage: {program} [PATH]            open the window, with this data, run or exported PNG",
                program=PROGRAM,
            ),
            tr("       {program} VERB [OPTIONS]     work without a window", program=PROGRAM),
            "",
            *(f"  {name:<{width}}  {text}" for name, text in verbs),
            "",
            tr("{program} VERB --help says what a verb takes, with examples.", program=PROGRAM),
        ]
    )
