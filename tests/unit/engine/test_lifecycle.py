"""What a starting engine says to the one who started it."""

from __future__ import annotations

import os
import threading

from sessions.engine import lifecycle


def told(*pieces: bytes) -> str:
    reading, writing = os.pipe()

    def say() -> None:
        for piece in pieces:
            os.write(writing, piece)
        os.close(writing)

    thread = threading.Thread(target=say)
    thread.start()
    try:
        return lifecycle._read_line(reading, 10.0)
    finally:
        thread.join()
        os.close(reading)


def test_an_engine_that_makes_its_index_again_is_waited_for() -> None:
    assert (
        told(b"busy 100 of 300\n", b"busy 200 of 300\nbu", b"sy 300 of 300\n", b"ready\n")
        == "ready"
    )


def test_an_engine_that_refuses_says_why() -> None:
    assert told(b"busy 100 of 300\n", b"the disk is full\n") == "the disk is full"


def test_an_engine_that_ends_without_a_word_is_no_engine() -> None:
    assert told() == ""
    assert told(b"busy 100 of 300\n") != "ready"
