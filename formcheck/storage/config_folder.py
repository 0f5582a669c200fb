"""Where the user's own settings are: apart from reading them, which needs to know every lift."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from formcheck.storage.access import own_folder

SETTINGS_TOML = "settings.toml"


def config_folder() -> Path:
    """Folder of the user's settings, on a server that of the account that asks; it may not exist yet."""
    return own_folder(_machine_folder())


def default_settings_path() -> Path:
    """The settings that hold for every analysis; the file may not exist."""
    return config_folder() / SETTINGS_TOML


def machine_settings_path() -> Path:
    """The settings of whoever runs this machine, on a server too; the file may not exist."""
    return _machine_folder() / SETTINGS_TOML


def _machine_folder() -> Path:
    folder = os.environ.get("FORMCHECK_CONFIG_DIR")
    return Path(folder).expanduser().absolute() if folder else platformdirs.user_config_path("formcheck")
