"""Text that is more than plain ASCII to letters, digits and signs that can be compared whatever keyboard they were typed on."""

from __future__ import annotations

import re
import unicodedata

# Alphabets that write their vowels, so that their letters have counterparts in Latin. Where vowels are left out (Arabic, Hebrew) or hang
# on consonants (Devanagari, Thai), and where signs are syllables or words (Kana, Hangul, Han), letters stay what they are: put into Latin
# ones, words of one such script get more alike than they are (docs/engine-measured.md has the figures).
_ALPHABETS = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN"})
# Letters that are read as one (ELOT 743 for Greek), and the small mu of units, which nobody types as an m.
_TOGETHER = {"ου": "ou", "αυ": "av", "ευ": "ev", "γγ": "ng", "ու": "u", "μπ": "b", "μ": "u"}
_READ_TOGETHER = re.compile(r"ου|αυ|ευ|γγ|ու|(?<![\w\u0300-\u036f])μπ|μ(?=[a-z])")
_MAY_BE = re.compile("[υγμւ]")
# Signs above and below letters that make them other letters: nukta, Japanese voicing and virama (7 to 9), Indic lengths, Thai, Lao and
# Tibetan signs. All other classes of combining signs are accents and points, which people leave out.
_NO_ACCENTS = frozenset({7, 8, 9, 84, 91, 103, 107, 118, 122, 129, 130, 132})
_TYPED = {
    "\N{MINUS SIGN}": "-",
    "\N{FRACTION SLASH}": "/",
    "\N{MODIFIER LETTER APOSTROPHE}": "'",
    "\N{MODIFIER LETTER TURNED COMMA}": "'",
}


class _Signs(dict[int, str]):
    """What becomes of each code point of decomposed text, for ``str.translate``; found out when it first turns up."""

    def __missing__(self, code: int) -> str:
        self[code] = sign = _comparable(chr(code))
        return sign


_SIGNS = _Signs()


def comparable(text: str) -> str:
    """Text without regard to case, accents, compatibility forms and signs that nobody sees; letters of Greek, Cyrillic, Armenian and
    Georgian as Latin ones, Katakana as Hiragana, digits of all scripts as 0 to 9, dashes and quotation marks as on a typewriter."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    if _MAY_BE.search(decomposed):
        decomposed = _READ_TOGETHER.sub(lambda found: _TOGETHER[found[0]], decomposed)
    return decomposed.translate(_SIGNS)


def _comparable(char: str) -> str:
    if char.isascii():
        return char.lower()  # decomposed letters may be upper case: № is No
    if unicodedata.combining(char):
        return char if unicodedata.combining(char) in _NO_ACCENTS else ""
    kind = unicodedata.category(char)
    if kind == "Cf":
        return ""
    if kind == "Nd":
        return str(unicodedata.digit(char))
    if "ァ" <= char <= "ヶ":  # as far from Hiragana as A is from a (Unicode's collation, UTS #10)
        return chr(ord(char) - ord("ァ") + ord("ぁ"))
    if kind.startswith("L") and unicodedata.name(char, "").split(" ")[0] in _ALPHABETS:
        # An apostrophe would stand for a soft sign, or for how a Georgian letter is spoken, which names in Latin letters leave out.
        return _transliterated(char).lower().replace("'", "")
    if kind.startswith("P"):
        signs = _transliterated(char)
        return char if any(map(str.isalnum, signs)) else signs
    return _TYPED.get(char, char)


def _transliterated(char: str) -> str:
    from anyascii import anyascii  # here and not above: most tables have no use for it

    return anyascii(char) or char
