"""The server: nginx with one worker, so that a compiled program is not the bottleneck. It returns one payment."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import cores
from benchmarks.sample import CONTENT

_CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type application/json; root {folder}; try_files /payment.json =404; }}
  }}
}}
"""
START_TIMEOUT = 20  # seconds
POLL_INTERVAL = 0.02


def free_port() -> int:
    """Find a free TCP port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def nginx_path() -> str:
    """Find nginx: Debian installs it where only root's PATH looks."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        sys.exit("the benchmarks need nginx; Debian and Ubuntu: apt-get install nginx")
    return path


@contextmanager
def nginx() -> Generator[str]:
    """Serve the sample payment under every path, and give the base URL."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "payment.json").write_bytes(CONTENT)
        Path(folder).chmod(0o755)
        config = Path(folder, "nginx.conf")
        config.write_text(_CONFIG.format(folder=folder, port=port))
        with cores.helper():
            process = subprocess.Popen([nginx_path(), "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            wait_until_listening(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server that was started accepts connections."""
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(POLL_INTERVAL)
    sys.exit(f"a server did not start within {START_TIMEOUT} seconds")
