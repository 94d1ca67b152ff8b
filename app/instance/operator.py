"""Who runs a command or a private instance: the name that the ledger keeps."""

from __future__ import annotations

import getpass
import os


def operator_name() -> str:
    """Name the person at this machine; `uid 1234` where the system has no name for the user.

    Containers often run as a user id that no list of users contains.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return f"uid {os.getuid()}"
