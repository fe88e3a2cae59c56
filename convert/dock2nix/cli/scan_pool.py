"""Many jobs in processes of their own: one that fails, hangs or eats memory ends alone, and an interrupt keeps what is done."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from concurrent.futures import TimeoutError as FuturesTimeoutError
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pebble import ProcessFuture

J = TypeVar("J")
R = TypeVar("R")

_MEGABYTE = 2**20


class Limits(Struct, frozen=True, kw_only=True):
    """How many processes there are, and what one job may take: seconds, and megabytes of memory (0: no limit)."""

    workers: int
    seconds: float
    megabytes: int


class Outcome(Struct, Generic[R], frozen=True):
    """The results in the order of the jobs; after an interrupt, those of the jobs that were done."""

    results: tuple[R, ...]
    interrupted: bool


def run_all(
    jobs: Sequence[J],
    work: Callable[[J], R],
    failed: Callable[[J, str], R],
    limits: Limits,
    progress: Callable[[str, int, int], None],
) -> Outcome[R]:
    """The result of every job, whatever the number of processes.

    Args:
        jobs: what to do.
        work: does one; what it raises is a failure of that job alone.
        failed: the result of a job that ended otherwise, and why.
        limits: of the processes.
        progress: is told how many are done.
    """
    from pebble import ProcessPool  # noqa: PLC0415 - only `scan` needs it

    # forked processes have what is imported already; where there is no fork they import it themselves
    method = "fork" if sys.platform == "linux" else "spawn"
    pool = ProcessPool(
        max_workers=limits.workers,
        initializer=_prepare,
        initargs=(limits.megabytes,),
        context=multiprocessing.get_context(method),
    )
    results: list[R] = []
    futures: list[ProcessFuture[R]] = []
    interrupted = False
    try:
        futures = [pool.schedule(work, args=(job,), timeout=limits.seconds or None) for job in jobs]
        pool.close()  # type: ignore[no-untyped-call] # pebble has no types there
        for job, future in zip(jobs, futures, strict=True):
            results.append(_result(job, future, failed, limits))
            progress("converting", len(results), len(jobs))
    except KeyboardInterrupt:
        interrupted = True
        results += _done_after(jobs, futures, len(results))
        pool.stop()  # type: ignore[no-untyped-call] # pebble has no types there
    finally:
        if not interrupted:
            pool.close()  # type: ignore[no-untyped-call] # pebble has no types there
        pool.join()
    return Outcome(tuple(results), interrupted)


def _done_after(jobs: Sequence[J], futures: Sequence[ProcessFuture[R]], start: int) -> list[R]:
    """The results of jobs that were done out of their order when the interrupt came."""
    rest = futures[start : len(jobs)]
    return [
        future.result()
        for future in rest
        if future.done() and not future.cancelled() and not future.exception()
    ]


def _result(job: J, future: ProcessFuture[R], failed: Callable[[J, str], R], limits: Limits) -> R:
    from pebble import ProcessExpired  # noqa: PLC0415

    try:
        return future.result()
    except FuturesTimeoutError:
        return failed(job, f"took longer than {limits.seconds:g} seconds")
    except MemoryError:
        return failed(job, f"needs more than {limits.megabytes} megabytes of memory")
    except ProcessExpired as error:
        return failed(job, f"its process ended without a result (exit code {error.exitcode})")
    except Exception as error:  # noqa: BLE001 - one file never stops the rest, whatever happens to it
        return failed(job, f"internal error: {type(error).__name__}: {error}")


def _prepare(megabytes: int) -> None:
    """In each process: an interrupt is the parent's business, and memory has an end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if megabytes and sys.platform != "win32":
        import resource  # noqa: PLC0415 - there is none on Windows

        # what a process has of its own: address space also counts files that are mapped, which cost nothing
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * _MEGABYTE, megabytes * _MEGABYTE))
