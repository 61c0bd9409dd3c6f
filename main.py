"""The two names that servers and commands look for: `app` (Flask, for `flask …`) and `server` (Connexion, for gunicorn).

Each is made when it is asked for, so that commands and the worker need not load what serves HTTP.
"""

from collections.abc import Callable
from typing import Any

from app import create_app
from app.foundation import create_flask_app
from app.settings import Settings, SettingsError, load_settings

MAKERS: dict[str, Callable[[Settings], Any]] = {"app": create_flask_app, "server": create_app}


def __getattr__(name: str) -> Any:
    if name not in MAKERS:
        raise AttributeError(f"{__name__} has no {name!r}")
    try:
        made = MAKERS[name](load_settings())
    except SettingsError as error:
        raise SystemExit(f"LabelAPI cannot start. {error}") from None
    return globals().setdefault(name, made)
