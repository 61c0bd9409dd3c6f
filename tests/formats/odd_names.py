"""Names that break formats which do not quote, as files and classes have them."""

# A quote, a comma, a backslash, line ends other than \\n, text from right to left, an emoji beyond 16 bits, formulas.
ODD_NAMES = [
    'a "quoted", name.jpg',
    "back\\slash.jpg",
    "line\u2028paragraph\u2029next\x85.jpg",
    "\u200fعلبة.jpg",
    "🧴 émile.jpg",
    "=cmd|' /C calc'!A0.jpg",
    "-1.jpg",
    "'apostrophe.jpg",
    "a&b<c>.jpg",
    "a?b=1#c%20d.jpg",
    " space .jpg",
]
