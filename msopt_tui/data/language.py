"""Which language a text is in: naive Bayes over byte n-grams (Lui and Baldwin 2012, langid.py), offline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.data.errors import DataError

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LOOKED_AT = 4000
"""Characters from the beginning that decide; more change nothing but the time."""


class LanguageFilter:
    """Tells documents in some languages from the rest."""

    def __init__(self, languages: Sequence[str]) -> None:
        """`languages` are ISO 639-1 codes; raises DataError for an unknown one, or without the package."""
        self._identifier = _identifier()
        self._wanted = frozenset(languages)
        known = {str(name) for name in self._identifier.labels}
        unknown = sorted(self._wanted - known)
        if unknown:
            raise DataError(f"data.languages: {', '.join(unknown)}: unknown; there are: {', '.join(sorted(known))}")

    def unwanted(self, text: str) -> str:
        """The code of the language that a text is in, or nothing where it is wanted."""
        language = str(self._identifier.classify(text[:LOOKED_AT])[0])
        return "" if language in self._wanted else language


def _identifier() -> LanguageIdentifier:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise DataError("data.languages: needs one more package: pip install 'msopt-tui[language]'") from error
    return LanguageIdentifier.from_model_file(MODEL_FILE)
