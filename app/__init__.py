"""LabelAPI: a label store. `create_app` puts the parts together; importing the package costs nothing."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connexion import FlaskApp

    from app.settings import Settings

__version__ = "1.0.0"


def create_app(settings: "Settings | None" = None) -> "FlaskApp":
    """Return the Connexion application; its `app` is the Flask application. Raises SettingsError."""
    from app.settings import load_settings
    from app.web.application import make_application

    return make_application(settings or load_settings())
