"""Dataclasses as plain data for JSON, and back: numbers rounded, NaN as null, everything checked on the way in.

cattrs does the work, because it converts the very dataclasses that the analysis fills and lets one rule for each type
say how: null is a float here ("not measured"). msgspec and pydantic would each need a second set of classes for that,
and pydantic takes far longer to import.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from cattrs import Converter, transform_error
from cattrs.cols import homogenous_tuple_structure_factory, is_mapping, mapping_structure_factory
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from formcheck.core.words import _

LONGEST_QUOTE = 40
"""Wrong values are quoted in messages up to this many characters."""


@dataclass(frozen=True)
class Layout:
    """How a dataclass is laid out as data where that differs from its fields.

    Attributes
    ----------
    keys : key by field, for fields that are called otherwise.
    order : all keys in the order in which they are written; empty = that of the fields.
    digits : decimals by field; None = as it is. Others are rounded as the converter says.
    left_out : fields that are not written; read back they have their defaults.
    if_missing : what keys stand for that an older report does not have, where `missing` says nothing about their type.
    """

    keys: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    digits: Mapping[str, int | None] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    if_missing: Mapping[str, Any] = field(default_factory=dict)


def plain_converter(digits: int, layouts: Mapping[type, Layout]) -> Converter:
    """A converter for dataclasses whose floats are rounded to ``digits`` decimals."""
    converter = Converter(detailed_validation=True)
    for kind, read in ((int, _integer), (float, _number), (str, _text), (bool, _flag)):
        converter.register_structure_hook(kind, read)
    converter.register_unstructure_hook(float, lambda value: rounded(value, digits))
    converter.register_unstructure_hook(StrEnum, lambda word: word.value)
    converter.register_structure_hook_func(_is_array, lambda values, _: _array(values))
    converter.register_unstructure_hook_func(_is_array, lambda values: _numbers(values, digits))
    converter.register_structure_hook_factory(_is_tuple, lambda kind: _reader_of_lists(kind, converter))
    converter.register_unstructure_hook_factory(_is_tuple, lambda kind: _writer_of_lists(kind, converter))
    converter.register_structure_hook_factory(is_mapping, lambda kind: _reader_of_mappings(kind, converter))
    converter.register_structure_hook_factory(
        is_dataclass, lambda kind: _reader_of_class(kind, converter, layouts.get(kind, Layout()))
    )
    converter.register_unstructure_hook_factory(
        is_dataclass, lambda kind: _writer_of_class(kind, converter, layouts.get(kind, Layout()))
    )
    return converter


def rounded(value: float, digits: int) -> float | None:
    """Rounded so that reports are readable and comparable; None for what was not measured."""
    return None if not math.isfinite(value) else round(float(value), digits)


def problems_of(error: BaseValidationError) -> list[str]:
    """Everything that was wrong with the data, each as "place: what is wrong"."""
    told = []
    for problem in transform_error(
        error, "", lambda one, path: _("is missing") if isinstance(one, KeyError) else str(one)
    ):
        words, _at, place = problem.rpartition(" @ ")
        told.append(f"{place.removeprefix('.')}: {words}" if place else words)
    return told


def must_be(what: str, value: object) -> ValueError:
    """The error that a value is not what it must be."""
    quoted = repr(value)
    return ValueError(
        _(
            "must be {what}, not {quoted}{word}",
            what=what,
            quoted=quoted[:LONGEST_QUOTE],
            word="…" if len(quoted) > LONGEST_QUOTE else "",
        )
    )


def mapping_of(value: object) -> Mapping[str, Any]:
    """The value, where it is an object in the sense of JSON."""
    if not isinstance(value, Mapping):
        raise must_be(_("an object"), value)
    return value


# --- numbers and words ---------------------------------------------------------------------------------------------


def _integer(value: object, kind: type) -> int:
    # bool is a kind of int in Python, but not for people.
    if isinstance(value, bool) or not isinstance(value, int):
        raise must_be(_("a whole number"), value)
    return value


def _number(value: object, kind: type) -> float:
    """None is a number that was not measured."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise must_be(_("a number"), value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise must_be(_("a finite number"), value)
    return number


def _text(value: object, kind: type[str]) -> str:
    if issubclass(kind, StrEnum):
        return _word(value, kind)
    if not isinstance(value, str):
        raise must_be(_("a text"), value)
    return value


def _flag(value: object, kind: type) -> bool:
    if not isinstance(value, bool):
        raise must_be(_("true or false"), value)
    return value


def _word(value: object, kind: type[StrEnum]) -> StrEnum:
    if not isinstance(value, str) or value not in tuple(kind):
        raise must_be(_("one of {kind}", kind=", ".join(kind)), value)
    return kind(value)


# --- lists, mappings and classes -----------------------------------------------------------------------------------


def _is_array(kind: Any) -> bool:
    return kind is np.ndarray or get_origin(kind) is np.ndarray


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _array(values: object) -> np.ndarray:
    return np.array([_number(value, float) for value in _list_of(values)], dtype=float)


def _numbers(values: np.ndarray, digits: int) -> list[float | None]:
    with np.errstate(over="ignore"):  # rounding scales first, which the very largest numbers do not survive
        return [value if math.isfinite(value) else None for value in np.round(values, digits).tolist()]


def _list_of(values: object) -> list[Any] | tuple[Any, ...]:
    if not isinstance(values, list | tuple):
        raise must_be(_("a list"), values)
    return values


def _reader_of_lists(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """Reads a list into a tuple: of any length, or with exactly as many values as the tuple's type has."""
    first, *others = get_args(kind)
    # Whatever their count, all values of a tuple are of one type here.
    every: Any = tuple.__class_getitem__((first, ...))
    read = homogenous_tuple_structure_factory(every, converter)
    count = None if others == [...] else len(others) + 1

    def checked(values: object, kind: Any) -> Any:
        listed = _list_of(values)
        if count is not None and len(listed) != count:
            raise must_be(_("a list of {count}", count=count), values)
        return read(listed, kind)

    return checked


def _writer_of_lists(kind: Any, converter: Converter) -> Callable[[Any], list[Any]]:
    write = converter.get_unstructure_hook(get_args(kind)[0])
    return lambda values: [write(value) for value in values]


def _reader_of_mappings(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    read = mapping_structure_factory(kind, converter)
    return lambda value, _: read(mapping_of(value), kind)


def _reader_of_class(kind: Any, converter: Converter, layout: Layout) -> Callable[[Any, Any], Any]:
    names: dict[str, Any] = {name: override(omit=True) for name in layout.left_out}
    names |= {name: override(rename=key) for name, key in layout.keys.items()}
    read = make_dict_structure_fn(kind, converter, **names)
    absent = {**_absent(kind, layout), **layout.if_missing}
    return lambda value, _: read({**absent, **mapping_of(value)}, kind)


def _absent(kind: Any, layout: Layout) -> dict[str, Any]:
    """What older reports may leave out, by key: numbers that were not measured, nothing said, nothing listed."""
    hints = get_type_hints(kind)
    empty: dict[Any, Any] = {float: None, str: "", bool: False, tuple: (), Mapping: {}, dict: {}}
    found = {}
    for each in fields(kind):
        kind_of = get_origin(hints[each.name]) or hints[each.name]
        without_default = each.default is MISSING and each.default_factory is MISSING
        if without_default and kind_of in empty and each.name not in layout.left_out:
            found[layout.keys.get(each.name, each.name)] = empty[kind_of]
    return found


def _writer_of_class(kind: Any, converter: Converter, layout: Layout) -> Callable[[Any], dict[str, Any]]:
    hints = get_type_hints(kind)
    changes: dict[str, Any] = {name: {"omit": True} for name in layout.left_out}
    for name, key in layout.keys.items():
        changes.setdefault(name, {})["rename"] = key
    for name, digits in layout.digits.items():
        changes.setdefault(name, {})["unstruct_hook"] = _writer_of_numbers(hints[name], digits)
    overrides: dict[str, Any] = {name: override(**said) for name, said in changes.items()}
    write = make_dict_unstructure_fn(kind, converter, **overrides)
    if not layout.order:
        return write
    return lambda value: in_order(write(value), layout.order)


def _writer_of_numbers(kind: Any, digits: int | None) -> Callable[[Any], Any]:
    if digits is None:
        return lambda value: value
    return (lambda values: _numbers(values, digits)) if _is_array(kind) else (lambda value: rounded(value, digits))


def in_order(data: Mapping[str, Any], order: Iterable[str]) -> dict[str, Any]:
    """The same data with its keys in that order."""
    return {key: data[key] for key in order}
