"""Sums of heights: which row a block begins at, and which block a row belongs to."""

from __future__ import annotations


class Heights:
    """Heights in order, with prefix sums in logarithmic time (a Fenwick tree).

    Reference: P. Fenwick, "A new data structure for cumulative frequency tables", 1994.
    """

    __slots__ = ("_tree", "_values")

    def __init__(self) -> None:
        self._values: list[int] = []
        self._tree: list[int] = [0]

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: int) -> int:
        return self._values[index]

    @property
    def total(self) -> int:
        """The sum of all."""
        return self.before(len(self._values))

    def append(self, height: int) -> None:
        """Add one at the end."""
        self._values.append(height)
        index = len(self._values)
        below = index - (index & -index)
        self._tree.append(self.before(index - 1) - self.before(below) + height)

    def pop(self) -> None:
        """Take the last one away."""
        self._values.pop()
        self._tree.pop()

    def set(self, index: int, height: int) -> int:
        """Change one; returns by how much it grew."""
        change = height - self._values[index]
        if change:
            self._values[index] = height
            position = index + 1
            while position < len(self._tree):
                self._tree[position] += change
                position += position & -position
        return change

    def before(self, index: int) -> int:
        """The sum of the first `index` heights: where number `index` begins."""
        total = 0
        while index > 0:
            total += self._tree[index]
            index -= index & -index
        return total

    def find(self, row: int) -> tuple[int, int]:
        """Which one holds `row`, and the row inside it.

        A row past the end gives the last one; an empty list gives (0, 0).
        """
        size = len(self._values)
        if not size or row < 0:
            return 0, 0
        step = 1 << (size.bit_length() - 1)
        position, rest = 0, row
        while step:
            after = position + step
            if after <= size and self._tree[after] <= rest:
                position = after
                rest -= self._tree[after]
            step >>= 1
        if position >= size:
            return size - 1, max(0, self._values[-1] - 1)
        return position, rest
