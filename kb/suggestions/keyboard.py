"""Text typed in the wrong keyboard layout: «'vgfnbz» is эмпатия, «руддщ» is hello."""

from __future__ import annotations

_LATIN = """`qwertyuiop[]asdfghjkl;'zxcvbnm,./~QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>?@#$^&"""
_RUSSIAN = """ёйцукенгшщзхъфывапролджэячсмитьбю.ЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,"№;:?"""
# Chinese keyboards put these marks where an American one has . and ; and so on.
_TO_RUSSIAN = str.maketrans(_LATIN + "，。；‘’“”", _RUSSIAN + "бюжээЭЭ")
_TO_LATIN = str.maketrans(_RUSSIAN, _LATIN)


def in_other_layout(text: str) -> str:
    """What the same keys give in the other layout, ЙЦУКЕН or QWERTY; Cyrillic letters decide which."""
    is_russian = any("\u0400" <= letter <= "\u052f" for letter in text)
    return text.translate(_TO_LATIN if is_russian else _TO_RUSSIAN)
