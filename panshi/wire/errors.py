"""The one exception that leaves a codec."""

from collections.abc import Mapping


class WireError(ValueError):
    """Bytes that are no frame, or values that fit no frame.

    `reason` is what rejects are counted by: checksum, length, checksum+length, start, header,
    escape, body, value or answer. `facts` are the numbers worth showing beside it.
    """

    def __init__(
        self, reason: str, detail: str, facts: Mapping[str, int | str] | None = None
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.facts: Mapping[str, int | str] = facts or {}
