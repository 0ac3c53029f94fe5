"""Drawing ahead: order, errors, bounds, and that no thread is left, whoever stops first."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from restoration.raster.prefetch import THREAD, ahead, closing

SOON = 20.0
"""Seconds after which an event that never comes fails a test."""


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    assert not threads()
    yield
    assert not threads()


class Source:
    """Counts what was drawn and notes the threads that drew and closed it."""

    def __init__(self, count: int, made: Callable[[int], Any] = lambda number: number) -> None:
        self.count, self.made = count, made
        self.drawn = 0
        self.change = threading.Condition()
        self.drew: set[int] = set()
        self.closed: int | None = None

    def __iter__(self) -> Iterator[Any]:
        try:
            for number in range(self.count):
                with self.change:
                    self.drawn += 1
                    self.drew.add(threading.get_ident())
                    self.change.notify_all()
                yield self.made(number)
        finally:
            self.closed = threading.get_ident()

    def wait(self, drawn: int) -> None:
        with self.change:
            assert self.change.wait_for(lambda: self.drawn >= drawn, SOON)


@pytest.mark.parametrize("depth", [1, 2, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_all_items_come_in_order(count: int, depth: int) -> None:
    source = Source(count)
    assert list(ahead(source, depth)) == list(range(count))
    assert threading.get_ident() not in source.drew


def test_nothing_begins_before_the_first_item_is_asked_for() -> None:
    source = Source(3)
    items = ahead(source)
    assert not threads()
    assert source.drawn == 0
    del items


def test_the_next_item_is_made_while_the_consumer_works() -> None:
    source = Source(5)
    items = ahead(source)
    next(items)
    source.wait(2)
    list(items)


@pytest.mark.parametrize("depth", [1, 3])
def test_no_more_than_depth_items_wait(depth: int) -> None:
    most = 0
    alive: weakref.WeakSet[Any] = weakref.WeakSet()

    class Item:
        pass

    def make(number: int) -> Item:
        nonlocal most
        item = Item()
        alive.add(item)
        most = max(most, len(alive))
        return item

    source = Source(30, make)
    for taken, item in enumerate(ahead(source, depth), 1):
        source.wait(min(30, taken + depth))
        with source.change:
            # A moment for a mistake to show.
            source.change.wait(0.002)
            assert source.drawn <= taken + depth
        del item
    # The consumer's own, and those that wait.
    assert most <= depth + 1


class FaultError(Exception):
    pass


def faulty(after: int) -> Iterator[int]:
    yield from range(after)
    raise FaultError("in the thread")


@pytest.mark.parametrize("after", [0, 1, 5])
def test_an_error_is_raised_in_its_place_with_its_own_type(after: int) -> None:
    seen: list[int] = []
    with pytest.raises(FaultError, match="in the thread"):
        seen.extend(ahead(faulty(after), 3))
    assert seen == list(range(after))


def test_a_consumer_that_stops_early_ends_the_thread_and_closes_the_source() -> None:
    source = Source(1000)
    items = ahead(source, 2)
    next(items)
    source.wait(3)
    (thread,) = threads()
    items.close()  # type: ignore[attr-defined]
    assert source.closed == thread.ident
    assert source.drawn <= 4


def test_an_error_of_the_consumer_ends_the_thread() -> None:
    source = Source(1000)

    def consume() -> None:
        for _ in ahead(source):
            raise FaultError("in the consumer")

    with pytest.raises(FaultError, match="in the consumer"):
        consume()
    assert source.closed is not None


def test_a_generator_that_is_forgotten_ends_its_thread() -> None:
    source = Source(1000)
    items = ahead(source)
    next(items)
    del items
    assert source.closed is not None


def test_an_error_while_the_source_is_closed_is_not_lost() -> None:
    def stubborn() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            raise FaultError("while closing")

    items = ahead(stubborn())
    next(items)
    with pytest.raises(FaultError, match="while closing"):
        items.close()  # type: ignore[attr-defined]


def test_one_inside_another_end_together() -> None:
    source = Source(1000)
    items = ahead(ahead(ahead(source)), 2)
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    assert len(threads()) == 3
    items.close()  # type: ignore[attr-defined]
    assert source.closed is not None


def test_an_error_passes_through_several_threads() -> None:
    with pytest.raises(FaultError, match="in the thread"):
        list(ahead(ahead(faulty(4), 2)))


def test_what_an_error_held_is_freed_with_it() -> None:
    """No circle of references: the buffers of a failed scan must not wait for the collector."""
    held: list[weakref.ref[Any]] = []

    class Buffer:
        pass

    def failing() -> Iterator[int]:
        buffer = Buffer()
        held.append(weakref.ref(buffer))
        yield 1
        raise FaultError(buffer)

    gc.disable()
    try:
        with pytest.raises(FaultError):
            list(ahead(ahead(failing())))
        assert held[0]() is None
    finally:
        gc.enable()


def test_closing_leaves_plain_iterators_alone() -> None:
    with closing([1, 2]) as items:
        assert list(items) == [1, 2]
    generator = faulty(5)
    with closing(generator) as items:
        assert next(iter(items)) == 0
    assert list(generator) == []
