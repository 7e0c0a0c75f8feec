"""feelit: batch video analytics of faces and the expressions they show."""

__version__ = "0.1.0"
