"""What the program says of itself before anything is loaded: its name, its version, its verbs."""

from importlib import metadata

from core.translate import tr

PROGRAM = "latent-dials"
VERB_NAMES = ("train", "edit", "info", "import")


def own_version() -> str:
    """The version of this program as it is installed."""
    try:
        return metadata.version(PROGRAM)
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "not installed"


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
