"""matplotlib, where it is installed."""

from __future__ import annotations

from feelit.errors import MissingExtraError


def load_matplotlib(what: str) -> None:
    """Import it, and quiet it.

    Parameters
    ----------
    what : needs it, for the message

    Raises
    ------
    MissingExtraError
        if it is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtraError(f"{what} needs matplotlib, which is not installed", "pip install 'feelit[plot]'") from error
    matplotlib.set_loglevel("error")  # it likes to talk of its caches
