"""The two names that servers and commands look for: `app` (Flask, for `flask …`) and `server` (Connexion, for gunicorn)."""

from app import create_app
from app.settings import SettingsError

try:
    server = create_app()
except SettingsError as error:
    raise SystemExit(f"LabelAPI cannot start. {error}") from None
app = server.app
