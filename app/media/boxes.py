"""Boxes as they are drawn on a picture (`app/media/drawing.py`)."""

from dataclasses import dataclass

# For classes without a color of their own: Okabe and Ito's colors, which most people can tell apart, without black.
PALETTE = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")


@dataclass(frozen=True)
class Box:
    """A box on a picture: its edges as parts of the picture's width and height, its label, and a color such as `#e69f00`."""

    left: float
    top: float
    right: float
    bottom: float
    label: str
    color: str
