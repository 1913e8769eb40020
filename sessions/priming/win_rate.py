"""What pairs of which one was preferred say of a share, and how sure that is."""

from __future__ import annotations

import math
from typing import ClassVar

_Z95 = 1.959963984540054


def wilson(wins: int, count: int, z: float = _Z95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927, JASA 22, 209); (0, 1) of nothing."""
    if count == 0:
        return 0.0, 1.0
    share = wins / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    half /= 1 + z * z / count
    return max(0.0, middle - half), min(1.0, middle + half)


class Decided:
    """Wins and losses; what they say is left to whoever counts them."""

    __slots__ = ()
    enough: ClassVar[int]
    """Under so many decided pairs nothing is told."""
    wins: int
    losses: int

    @property
    def decided(self) -> int:
        """Pairs in which one was preferred: that were no tie."""
        return self.wins + self.losses

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share of wins among the decided pairs."""
        return wilson(self.wins, self.decided)

    @property
    def known(self) -> bool:
        """Whether there are pairs enough to say anything."""
        return self.decided >= self.enough

    @property
    def ahead(self) -> bool:
        """Whether it won more than by chance."""
        return self.known and self.interval[0] > 0.5

    @property
    def behind(self) -> bool:
        """Whether it lost more than by chance."""
        return self.known and self.interval[1] < 0.5
