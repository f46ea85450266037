"""What every benchmark says of the machine it ran on."""

import os
import platform


def machine() -> dict[str, object]:
    return {"cpus": os.cpu_count(), "python": platform.python_version()}
