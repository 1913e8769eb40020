"""What the system refuses is told as that, however it was said."""

from __future__ import annotations

import errno
import os
import resource

import pytest

from sessions.errors import no_memory

SILENT = SystemError("error return without exception set")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), True),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), False),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("another"), False),
        (ImportError("x.so: failed to map segment from shared object"), True),
        (ImportError("No module named 'x'"), False),
    ],
)
def test_too_little_memory_is_known(error: Exception, told: bool) -> None:
    assert no_memory(error) is told


@pytest.mark.parametrize(("limit", "told"), [(60 << 20, True), (resource.RLIM_INFINITY, False)])
def test_a_fault_without_a_word_is_of_memory_where_that_is_limited(
    limit: int, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limit, limit))
    assert no_memory(SILENT) is told
    assert not no_memory(SystemError("another"))
