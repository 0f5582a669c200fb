"""Where the user's own settings are: apart from reading them, which needs to know every lift."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from formcheck.storage.access import own_folder

SETTINGS_TOML = "settings.toml"


def config_folder() -> Path:
    """Folder of the user's settings, on a server that of the account that asks; it may not exist yet."""
    folder = os.environ.get("FORMCHECK_CONFIG_DIR")
    return own_folder(Path(folder).expanduser().absolute() if folder else platformdirs.user_config_path("formcheck"))


def default_settings_path() -> Path:
    """The settings that hold for every analysis; the file may not exist."""
    return config_folder() / SETTINGS_TOML
