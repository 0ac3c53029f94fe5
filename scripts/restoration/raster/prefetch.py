"""Drawing an iterator ahead of its consumer, so that reading, computing and writing overlap."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")

THREAD = "drawing-ahead"
"""Name of the threads."""


def ahead(items: Iterable[T], depth: int = 1) -> Iterator[T]:
    """The same items in the same order, drawn in a thread of their own.

    While the consumer works on one item, the next ones are made; ``depth`` of them wait at most,
    the one in the making included, so that memory is bounded by ``depth`` items more. What the
    drawing raises is raised here, in its place in the order. When the consumer stops, the item in
    the making is finished, ``items`` is closed in its own thread, and the thread has ended: close
    this generator, or draw it to its end.
    """
    line = _Queue(iter(items), depth)
    # A daemon: an iterator that somebody forgot to close must not keep the process from ending.
    thread = threading.Thread(target=line.draw, name=THREAD, daemon=True)
    thread.start()
    try:
        while True:
            item = line.take()
            if isinstance(item, _End):
                break
            yield item
            # Not kept while the next one is waited for.
            del item
    finally:
        line.stop()
        thread.join()
        line.raise_failure()


@contextmanager
def closing(items: Iterable[T]) -> Iterator[Iterable[T]]:
    """Closes a generator when the block ends, and with it the threads that it draws from.

    For generators that come from elsewhere: an error keeps their owner's frames alive, and so
    would keep them waiting for the next draw. Iterators that need no closing are left as they are.
    """
    try:
        yield items
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()


class _End:
    """Stands behind the last item."""


class _Queue(Generic[T]):
    """The items that wait, and what the two threads tell each other."""

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items = items
        self._waiting: SimpleQueue[T | _End] = SimpleQueue()
        self._room = threading.Semaphore(depth)
        self._stopped = False
        self._failure: BaseException | None = None

    def draw(self) -> None:
        """Runs in the thread."""
        try:
            with closing(self._items):
                while True:
                    self._room.acquire()
                    if self._stopped:
                        return
                    # Not named: a name would keep the item alive while the thread waits.
                    self._waiting.put(next(self._items))
        except StopIteration:
            return
        except BaseException as error:  # Nothing is handled here, it is raised in the consumer.
            self._failure = error
        finally:
            self._waiting.put(_End())

    def take(self) -> T | _End:
        item = self._waiting.get()
        self._room.release()
        return item

    def stop(self) -> None:
        self._stopped = True
        self._room.release()

    def raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            try:
                raise failure
            finally:
                # The error knows this frame: a circle would keep all that its frames hold.
                del failure
