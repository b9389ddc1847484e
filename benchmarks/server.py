"""A compiled server, so that it is not what is measured: nginx with one worker, answering one payment."""

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


def free_port() -> int:
    """A TCP port on loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program() -> str:
    """Where nginx is."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        sys.exit("the benchmarks need nginx (Debian: apt-get install nginx-light)")
    return found


@contextmanager
def nginx() -> Generator[str]:
    """Serve the sample payment under every path; the base URL."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "payment.json").write_bytes(CONTENT)
        Path(folder).chmod(0o755)
        config = Path(folder, "nginx.conf")
        config.write_text(_CONFIG.format(folder=folder, port=port))
        process = subprocess.Popen(
            [program(), "-c", str(config)], stderr=subprocess.DEVNULL, preexec_fn=cores.helping
        )
        try:
            wait(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def wait(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the server that was started takes connections."""
    for _ in range(1_000):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("a server did not start")
