"""Texts of files as they may be shown: on a terminal, in the page, in a figure."""

from __future__ import annotations

import re
from typing import Any

# Control characters, line and paragraph separators, marks that turn the direction of writing, lone surrogates, and what
# is no character at all.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]")


def visible(text: Any) -> str:
    """The text with escapes such as \\x1b for what is no letter: it cannot steer a terminal or turn a line round."""
    return UNSEEN.sub(lambda found: ("\\x%02x" if ord(found[0]) < 256 else "\\u%04x") % ord(found[0]), str(text))
