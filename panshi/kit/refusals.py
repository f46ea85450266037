"""A business "no": expected, translated, shown to the person, never a fault."""


class Refusal(Exception):
    """Raised by a verb that will not act; carries words for the person who asked.

    `way_out` is an optional page where the matter can be put right.
    """

    def __init__(self, words: str, *, way_out: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.way_out = way_out

    @property
    def code(self) -> str:
        return type(self).__name__


def told(code: str, words: str, way_out: str = "") -> dict[str, str]:
    """How a program is told that it may not, or not so."""
    return {"refused": code, "words": words, "way_out": way_out}


class IllegalMove(Refusal):
    """The life cycle of a thing does not lead from its state to the one asked for."""


class NotPermitted(Refusal):
    """The actor lacks the permission, or the record lies outside the actor's part of the tree."""
