"""tr(): every text that a person sees passes through here, in core and in the window alike.

The catalogues are GNU gettext's (resources/translations/<language>/LC_MESSAGES/latent-dials.mo), so that
common tools extract and compile them. Qt's own catalogue is loaded by the window.
"""

import gettext

from resources import resource_path

DOMAIN = "latent-dials"

_current: gettext.NullTranslations = gettext.translation(DOMAIN, resource_path("translations"), fallback=True)


def tr(text: str, /, **values: object) -> str:
    """The text in the person's language, with {name} fields filled from values by str.format."""
    translated = _current.gettext(text)
    return translated.format(**values) if values else translated


def use_translations(translations: gettext.NullTranslations) -> gettext.NullTranslations:
    """Make translations the ones that tr() uses from now on; gives back those it used before."""
    global _current
    previous, _current = _current, translations
    return previous
