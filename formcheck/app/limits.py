"""The table in which limits of a lift are changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from formcheck.core.errors import UsageError
from formcheck.core.verdicts import FAULT
from formcheck.core.words import N_, _
from formcheck.exercises.framework.check import Check
from formcheck.exercises.framework.exercise import Exercise
from formcheck.judging.settings import Override, Settings

NEVER = N_("never")


def editor(lift: Exercise, settings: Settings, key: str) -> Settings:
    """Show the checks of a lift with their limits; returns those that differ from how FormCheck comes."""
    frame = pd.DataFrame(rows(lift, settings))
    edited = st.data_editor(
        frame,
        hide_index=True,
        key=key,
        disabled=["Check", "Unit", "Warns when"],
        column_order=["Check", "On", "Warns when", "Watch", "Fault", "Unit"],
        # What has no limit for a fault never is one.
        placeholder=_(NEVER),
        column_config={
            "Check": st.column_config.TextColumn(_("Check"), width=300),
            "Warns when": st.column_config.TextColumn(_("Warns when")),
            "Unit": st.column_config.TextColumn(_("Unit"), width=240),
            "On": st.column_config.CheckboxColumn(_("On"), width="small"),
            "Watch": st.column_config.NumberColumn(_("Watch"), format="%.4g", required=True),
            "Fault": st.column_config.NumberColumn(
                _("Fault"), format="%.4g", help=_("never: it is no more than something to watch.")
            ),
        },
    )
    return Settings(checks=overrides(lift, edited.to_dict("records"), settings))


def rows(lift: Exercise, settings: Settings) -> list[dict[str, Any]]:
    """One row a check, with the limits that hold now."""
    found = []
    for check in lift.checks:
        override = settings.checks.get(f"{lift.name}/{check.id}", Override())
        found.append(
            {
                "Check": check.title,
                "On": not override.off,
                "Warns when": _("above") if check.more_is_worse else _("below"),
                "Watch": check.watch if override.watch is None else override.watch,
                "Fault": _fault(check, override),
                "Unit": _("degrees") if check.unit == "deg" else check.unit,
            }
        )
    return found


def _fault(check: Check, override: Override) -> float | None:
    """The fault limit that holds now; None for what is no more than a hint."""
    if check.worst != FAULT:
        return None
    return check.fault if override.fault is None else override.fault


def overrides(lift: Exercise, table: list[dict[Any, Any]], settings: Settings) -> Mapping[str, Override]:
    """What the edited rows of `rows` change; whatever ``settings`` change already is said in full."""
    changed: dict[str, Override] = {}
    for check, row in zip(lift.checks, table, strict=True):
        key = f"{lift.name}/{check.id}"
        if not row["On"]:
            changed[key] = Override(off=True, source=_("your limits"))
            continue
        # An emptied cell is NaN.
        watch, fault = (math.nan if row[name] is None else float(row[name]) for name in ("Watch", "Fault"))
        if check.worst != FAULT:
            # No more than a hint: a fault limit changes nothing, but must not be before the one for watch.
            fault = max(watch, check.fault) if check.more_is_worse else min(watch, check.fault)
        if not (math.isfinite(watch) and math.isfinite(fault)):
            raise UsageError(_("{check} needs both limits, watch and fault.", check=check.title))
        if key in settings.checks or (watch, fault) != (check.watch, check.fault):
            changed[key] = Override(watch, fault, source=_("your limits"))
    return changed
