"""What can be wrong with the text of a project, said to the person whose text it is."""

from __future__ import annotations


class DataError(ValueError):
    """The data can't be used: one message that names the place, what is wrong and the way out."""
