"""Which residences each candidate reaches: the relation that siting works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from walkcover import _kernels_siting as kernels
from walkcover._errors import InputError

Indices = Sequence[int] | npt.NDArray[np.integer]
Ints = npt.NDArray[np.int64]
Entries = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CoverPairs:
    """
    Which residences each candidate reaches, as CSR by candidate.

    Make it with `from_csr`, which checks. Existing sites are candidates too, named by `fixed`.

    Parameters
    ----------
    indptr
        Where each candidate's residences start, shape (n_candidates + 1,).
    residences
        Positions of residences, each at most once for a candidate.
    n_residences
        Number of residences, those that nobody reaches included.
    """

    indptr: Ints
    residences: Entries
    n_residences: int

    @classmethod
    def from_csr(
        cls,
        indptr: npt.NDArray[np.integer],
        residences: npt.NDArray[np.integer],
        *,
        n_residences: int,
    ) -> CoverPairs:
        """
        Check a CSR relation and take it over; arrays of the right type are not copied.

        Returns
        -------
        pairs
            The relation, `indptr` as int64 and `residences` as int32.

        Raises
        ------
        InputError
            If the pointers do not ascend from 0 to the number of pairs, or a candidate names a
            residence twice or one that does not exist.

        Examples
        --------
        >>> pairs = CoverPairs.from_csr(np.array([0, 2, 3]), np.array([0, 1, 1]), n_residences=3)
        >>> pairs.n_candidates, pairs.residences_of(0).tolist()
        (2, [0, 1])
        >>> pairs.by_residence[0].tolist()
        [0, 1, 3, 3]
        """
        ptr = np.ascontiguousarray(indptr, dtype=np.int64)
        entries = np.asarray(residences)
        if (
            ptr.ndim != 1
            or ptr.size == 0
            or ptr[0] != 0
            or ptr[-1] != entries.size
            or (np.diff(ptr) < 0).any()
        ):
            msg = (
                "indptr must ascend from 0 to the number of pairs "
                f"({entries.size}), one entry more than candidates"
            )
            raise InputError(msg)
        if not 0 <= n_residences < 2**31 or (
            entries.size and not 0 <= entries.min() <= entries.max() < n_residences
        ):
            msg = f"residences must be positions from 0 to n_residences - 1 = {n_residences - 1}"
            raise InputError(msg)
        entries = np.ascontiguousarray(entries, dtype=np.int32)
        repeated = kernels.first_repeat(ptr, entries, n_residences)
        if repeated >= 0:
            msg = f"candidate {repeated} names a residence twice; give every pair once"
            raise InputError(msg)
        return cls(ptr, entries, n_residences)

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return self.indptr.size - 1

    @cached_property
    def by_residence(self) -> tuple[Ints, Entries]:
        """The same relation by residence: pointers, and candidates in ascending order."""
        ptr, candidates = kernels.transpose(self.indptr, self.residences, self.n_residences)
        return ptr, candidates

    def residences_of(self, candidate: int) -> Entries:
        """Positions of the residences that a candidate reaches."""
        return self.residences[self.indptr[candidate] : self.indptr[candidate + 1]]

    def reached_by(self, sites: Indices) -> Entries:
        """Count, for each residence, the sites that reach it, shape (n_residences,)."""
        count = np.zeros(self.n_residences, dtype=np.int32)
        for site in sites:
            count[self.residences_of(int(site))] += 1
        return count

    def covered(self, sites: Indices) -> Flags:
        """Flag the residences that at least one of the sites reaches, shape (n_residences,)."""
        flags = np.zeros(self.n_residences, dtype=bool)
        for site in sites:
            flags[self.residences_of(int(site))] = True
        return flags
