"""The two names that servers and commands look for: `app` (Flask, for `flask …`) and `server` (Connexion, for gunicorn).

Each is made when it is asked for, so that commands and the worker need not load what serves HTTP, nor the server commands.
"""

from importlib import import_module
from typing import Any

from app.settings import SettingsError, load_settings

MAKERS = {"app": ("app.cli", "create_flask_app"), "server": ("app", "create_app")}


def __getattr__(name: str) -> Any:
    if name not in MAKERS:
        raise AttributeError(f"{__name__} has no {name!r}")
    try:
        module, maker = MAKERS[name]
        made = getattr(import_module(module), maker)(load_settings())
    except SettingsError as error:
        raise SystemExit(f"LabelAPI cannot start. {error}") from None
    except AttributeError as error:
        # Whoever asks for a name of this module would take it for a name that is missing, and say no more.
        raise RuntimeError("LabelAPI cannot start.") from error
    return globals().setdefault(name, made)
