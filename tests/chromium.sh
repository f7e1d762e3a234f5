#!/bin/sh
# See that there is a Chromium for the browser tests, with a font for Japanese; as root on Debian, install it.
set -eu
if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null
    exit 0
fi
echo "The browser tests need Chromium: install the package chromium (or chromium-browser) and run again." >&2
exit 1
