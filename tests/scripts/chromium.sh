#!/usr/bin/env bash
# Finds a Chromium for the browser tests; installs Debian's when root.
set -euo pipefail
for candidate in "${ERRATA_TEST_CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
    if [ -n "$candidate" ] && [ -x "$candidate" ]; then
        echo "$candidate"
        exit 0
    fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    echo /usr/bin/chromium
    exit 0
fi
echo "The browser tests need Chromium: install the package \"chromium\" (Debian, Ubuntu: apt-get install chromium)," >&2
echo "or set ERRATA_TEST_CHROMIUM to a Chromium or Chrome binary." >&2
exit 1
