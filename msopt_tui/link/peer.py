"""Who is at the other end of a Unix socket."""

from __future__ import annotations

import os
import socket
import struct

_CREDENTIALS = struct.Struct("3i")
"""`struct ucred` of Linux: process, user and group id."""


def peer_uid(connection: socket.socket) -> int | None:
    """The user id at the other end; `None` where the system does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return int(uid)


def is_trusted(uid: int | None) -> bool:
    """Whether it is us, or root, who can do everything anyway; where unknown, the socket's file mode must do."""
    return uid is None or uid in (os.getuid(), 0)
