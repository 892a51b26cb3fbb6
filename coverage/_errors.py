"""Errors of walkcover: one root, whose leaves are also built-in errors."""


class WalkCoverError(Exception):
    """Anything walkcover refuses; the message says what, where, what was expected, what to do."""


class InputError(WalkCoverError, ValueError):
    """A table, a value or a file's content does not meet its contract."""


class MissingFileError(WalkCoverError, FileNotFoundError):
    """A file that the plan or the caller names does not exist."""


class PlanError(WalkCoverError, ValueError):
    """The plan file is not understood: an unknown key, a wrong type, a value out of range."""


class OutputExistsError(WalkCoverError, FileExistsError):
    """An output is there already and overwriting was not asked for."""


class ConservationError(WalkCoverError, ArithmeticError):
    """People were lost or made between two steps; the run must not go on."""


class FetchError(WalkCoverError, OSError):
    """A download failed or brought nothing."""


class MissingToolError(WalkCoverError, RuntimeError):
    """Something that has to be installed besides walkcover is not there."""


class ClusterError(WalkCoverError, ConnectionError):
    """The workers that a run was given to are gone, or do not answer."""
