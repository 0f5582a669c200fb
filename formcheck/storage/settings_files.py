"""Settings and presets on disk: the user's own ones are in the folder that the system keeps for settings.

``FORMCHECK_CONFIG_DIR`` names another folder. In it, ``settings.toml`` holds for every analysis, ``presets/NAME.toml``
for those that ask for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from formcheck.core.errors import InputError, OutputError, UsageError
from formcheck.core.words import _
from formcheck.judging.presets import SHIPPED, shipped
from formcheck.judging.settings import DEFAULTS, Settings, check_limits, did_you_mean, merge, parse_settings
from formcheck.storage.atomic import write_text
from formcheck.storage.config_folder import SETTINGS_TOML as SETTINGS_TOML
from formcheck.storage.config_folder import config_folder as config_folder
from formcheck.storage.config_folder import default_settings_path as default_settings_path
from formcheck.storage.config_folder import machine_settings_path
from formcheck.storage.ordinary_files import read_ordinary

PRESET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
LARGEST_FILE_BYTES = 1_000_000
"""Nobody writes a longer settings file by hand; anything larger was named by mistake."""


@dataclass(frozen=True)
class PresetStatus:
    """A preset that can be used: its name, what it is for, where it is (None: comes with FormCheck)."""

    name: str
    title: str
    path: Path | None = None


def load_settings(path: Path | None = None, presets: Sequence[str] = (), *, own: bool = True) -> Settings:
    """The user's own settings, then those presets, then that file; later ones win. ``own`` False leaves out the first.

    Raises
    ------
    InputError : a file cannot be read. UsageError : it cannot be understood, or there is no such preset.
    """
    settings = DEFAULTS
    if own and default_settings_path().is_file():
        settings = merge(settings, _with_its_presets(read_settings(default_settings_path())))
    for name in presets:
        settings = merge(settings, find_preset(name))
    if path is not None:
        of_file = read_settings(path)
        if of_file.limits and not _is_machines(path):
            raise UsageError(
                _(
                    "{path} cannot be used: [limits] are of this machine, in {file} only.",
                    path=path,
                    file=machine_settings_path(),
                )
            )
        settings = merge(settings, _with_its_presets(of_file))
    check_limits(settings)
    return settings


def read_settings(path: Path) -> Settings:
    """Settings of one file, without those of the presets that it names.

    Raises
    ------
    InputError : the file cannot be read. UsageError : it cannot be understood.
    """
    return parse_settings(_read_text(path), str(path))


def save_settings(settings: Settings) -> Path:
    """Write the settings that hold for every analysis, in place of what the file said; returns where it is.

    Raises
    ------
    UsageError : limits contradict each other. OutputError : the file cannot be written.
    """
    check_limits(settings)
    path = default_settings_path()
    _write_text(path, settings_toml(settings))
    return path


def settings_toml(settings: Settings) -> str:
    """Settings as TOML text that `parse_settings` reads back."""
    data = settings.to_dict()
    lines = [f"presets = {_toml(data['presets'])}"] if "presets" in data else []
    for name in ("lifter", "variants", "limits"):
        if name in data:
            lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in data[name].items())]
    if "checks" in data:
        lines.append("[checks]")
        for key, limits in data["checks"].items():
            values = {"": False} if limits is False else {f".{name}": value for name, value in limits.items()}
            lines += [f"{key.replace('/', '.')}{name} = {_toml(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def find_preset(name: str) -> Settings:
    """Settings of the preset of that name, the user's own or one that comes with FormCheck.

    Raises
    ------
    UsageError : there is none, or it cannot be understood. InputError : its file cannot be read.
    """
    own = _own_path(name)
    coming = shipped(name)
    if coming is not None:
        settings = parse_settings(coming.toml, f"preset {name}", presets_allowed=False)
    elif own is not None and own.is_file():
        settings = parse_settings(_read_text(own), str(own), presets_allowed=False)
    else:
        meant = did_you_mean(name, [preset.name for preset in list_presets()])
        raise UsageError(_("There is no preset '{name}'{meant} See formcheck presets.", name=name, meant=meant or "."))
    return merge(Settings(presets=(name,)), settings)


def list_presets() -> list[PresetStatus]:
    """All presets: those that come with FormCheck, then the user's own ones."""
    coming = [PresetStatus(preset.name, preset.title) for preset in SHIPPED]
    own = sorted((config_folder() / "presets").glob("*.toml"))
    return coming + [
        PresetStatus(path.stem, _title(path), path)
        for path in own
        if PRESET_NAME.fullmatch(path.stem) and shipped(path.stem) is None
    ]


def preset_text(name: str) -> str:
    """TOML text of a preset, as a beginning for one's own. `UsageError` when there is none."""
    find_preset(name)
    coming, own = shipped(name), _own_path(name)
    if coming is not None:
        return f"# {coming.title}\n{coming.toml}"
    assert own is not None
    return _read_text(own)


def save_preset(name: str, source: Path, *, replace: bool = False) -> Path:
    """Keep a settings file as a preset of the user's own.

    Parameters
    ----------
    replace : True to write over an own preset of that name.

    Returns
    -------
    Where it is now.

    Raises
    ------
    UsageError : the name is taken or makes no file name, or the file cannot be understood. InputError : it cannot be
    read. OutputError : the preset cannot be written.
    """
    path = _own_path(name)
    if path is None:
        raise UsageError(
            _("'{name}' cannot be the name of a preset: use small letters, digits and hyphens.", name=name)
        )
    if shipped(name) is not None:
        raise UsageError(_("'{name}' is a preset that comes with FormCheck: choose another name.", name=name))
    if path.exists() and not replace:
        raise UsageError(
            _(
                "There is a preset '{name}' already ({path}): choose another name, or add --replace.",
                name=name,
                path=path,
            )
        )
    text = _read_text(source)
    check_limits(parse_settings(text, str(source), presets_allowed=False))
    _write_text(path, text)
    return path


def _is_machines(path: Path) -> bool:
    try:
        return path.samefile(machine_settings_path())
    except OSError:
        return False


def _toml(value: object) -> str:
    # For names, numbers and flags JSON and TOML are the same.
    return json.dumps(value, ensure_ascii=False)


def _with_its_presets(settings: Settings) -> Settings:
    merged = DEFAULTS
    for name in settings.presets:
        merged = merge(merged, find_preset(name))
    return merge(merged, settings)


def _own_path(name: str) -> Path | None:
    """None for names that could lead elsewhere."""
    return config_folder() / "presets" / f"{name}.toml" if PRESET_NAME.fullmatch(name) else None


def _title(path: Path) -> str:
    """The comment in the first line, which is where people say what a file is for."""
    try:
        first = _read_text(path).partition("\n")[0]
    except InputError:
        return _("cannot be read")
    return first.lstrip("# ").strip() if first.startswith("#") else _("your own")


def _read_text(path: Path) -> str:
    try:
        content = read_ordinary(path, InputError, LARGEST_FILE_BYTES, "a settings file")
        return content.decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise InputError(_("{path} does not exist: check the name.", path=path)) from error
    except UnicodeDecodeError as error:
        raise InputError(_("{path} is not a settings file: it is not UTF-8 text.", path=path)) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(_("{path} cannot be read: {reason}.", path=path, reason=reason)) from error


def _write_text(path: Path, text: str) -> None:
    """For its owner only, as settings tell of height and injuries."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text, private=True)
    except OSError as error:
        raise OutputError(_("Cannot write {path}: {reason}.", path=path, reason=error.strerror or error)) from error
