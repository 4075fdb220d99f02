"""As much of the hub as a download needs, on the loopback: repositories of a few files, slow where a test wants it."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import huggingface_hub
import msgspec
import pytest

COMMIT = "c0ffee" * 6 + "c0de"
SMALL = 1 << 20
"""Files of fewer bytes come in one go."""


class Hub:
    """Serves `repos`: `models/NAME` or `datasets/NAME` to the files of each."""

    def __init__(self, repos: dict[str, dict[str, bytes]]) -> None:
        self.repos = repos
        self.asked: list[str] = []
        """Files that were downloaded."""
        self.go_on = threading.Event()
        """Once it is set the second half of a large file follows the first."""
        self.go_on.set()
        self.breaks = False
        """Whether the line breaks after the first half, and the hub with it."""
        self.broken = False
        hub = self

        class Handler(_Handler):
            of = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Let whoever waits go and end."""
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def is_the_hub(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        """For `huggingface_hub` and `datasets` in this process, with an empty cache."""
        import datasets

        constants = huggingface_hub.constants
        for module, name, value in (
            (constants, "ENDPOINT", self.url),
            (constants, "HUGGINGFACE_CO_URL_TEMPLATE", self.url + "/{repo_id}/resolve/{revision}/{filename}"),
            (constants, "HF_HUB_CACHE", str(cache / "hub")),
            (constants, "HF_HUB_OFFLINE", False),
            (datasets.config, "HF_ENDPOINT", self.url),
            (datasets.config, "HF_HUB_OFFLINE", False),
            (datasets.config, "HF_DATASETS_CACHE", cache / "datasets"),
        ):
            monkeypatch.setattr(module, name, value)
        huggingface_hub.close_session()


class _Handler(BaseHTTPRequestHandler):
    of: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """In silence."""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_POST(self) -> None:
        """`paths-info`: which of some paths there are."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        repo = self._repo(unquote(urlsplit(self.path).path).removeprefix("/api/"))
        names = [unquote(part.partition("=")[2]) for part in body.split("&")]
        listed = _listing(self.of.repos[repo]) if repo else []
        self._json([one for one in listed if one["path"] in names])

    def _repo(self, path: str) -> str | None:
        return next((name for name in self.of.repos if path.startswith((f"{name}/", name))), None)

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/"):
            self._describe(path.removeprefix("/api/"))
            return
        whole = path[1:] if path.startswith("/datasets/") else f"models{path}"
        repo = self._repo(whole)
        content = self.of.repos[repo].get(whole.partition(f"/resolve/{COMMIT}/")[2]) if repo else None
        if self.of.broken:
            self.send_error(503)
            return
        if content is None:
            self._missing("EntryNotFound" if repo else "RepoNotFound")
            return
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not with_body:
            return
        self.of.asked.append(path.rpartition("/")[2])
        half = len(content) // 2 if len(content) > SMALL else len(content)
        self.wfile.write(content[:half])
        self.wfile.flush()
        self.of.go_on.wait()
        if self.of.breaks:
            self.of.broken = True
            self.close_connection = True
            return
        self.wfile.write(content[half:])

    def _describe(self, path: str) -> None:
        repo = self._repo(path)
        if repo is None:
            self._missing("RepoNotFound")
        elif "/tree/" in path:
            self._json(_listing(self.of.repos[repo]))
        else:
            files = [{"rfilename": name} for name in self.of.repos[repo]]
            self._json({"id": repo.partition("/")[2], "sha": COMMIT, "siblings": files})

    def _missing(self, what: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", what)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, what: object) -> None:
        body = msgspec.json.encode(what)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _listing(files: dict[str, bytes]) -> list[dict[str, object]]:
    return [
        {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
        for name, content in files.items()
    ]
