from __future__ import annotations

import threading
from collections.abc import Generator, Iterator

import pytest

from formcheck.vision.prefetch import prefetched


@pytest.mark.parametrize("ahead", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 20])
def test_items_come_as_they_are_and_in_order(count: int, ahead: int) -> None:
    assert list(prefetched(range(count), ahead)) == list(range(count))


def test_none_is_an_item() -> None:
    assert list(prefetched([None, None], 1)) == [None, None]


def test_the_maker_is_never_further_ahead_than_allowed() -> None:
    made: list[int] = []
    full = threading.Event()

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            # Two wait, one is offered, and the first was handed over.
            if len(made) == 4:
                full.set()
            yield number

    source = prefetched(items(), 2)
    assert next(source) == 0
    assert full.wait(10)
    for expected in range(1, 50):
        assert len(made) <= expected + 4
        assert next(source) == expected
    assert list(source) == []


def test_the_next_item_is_made_while_this_one_is_used() -> None:
    second = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    for item in prefetched(items(), 1):
        if item == 1:
            assert second.wait(10)


def test_an_error_of_the_maker_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    source = prefetched(items(), 3)
    assert next(source) == 1
    with pytest.raises(ValueError, match="no more"):
        next(source)


def test_closing_ends_the_thread() -> None:
    ended = threading.Event()

    def items() -> Generator[int, None, None]:
        try:
            number = 0
            while True:
                yield number
                number += 1
        finally:
            ended.set()

    made = items()
    source = prefetched(made, 2)
    assert next(source) == 0
    source.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
    made.close()
    assert ended.is_set()
