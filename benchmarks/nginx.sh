#!/bin/sh
# Make sure that nginx is there before anything else is set up: install Debian's package as root, or say what to do.
set -eu
PATH="$PATH:/usr/sbin:/usr/local/sbin"

if command -v nginx >/dev/null; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx
    # Debian starts a server on port 80 right away. The benchmarks start their own, on a free port.
    if [ -d /run/systemd/system ]; then systemctl disable --now nginx; fi
  } >/dev/null 2>&1 || true
  if command -v nginx >/dev/null; then
    exit 0
  fi
fi
echo "make bench needs nginx: sudo apt-get install nginx (Debian, Ubuntu), brew install nginx (macOS)" >&2
exit 1
