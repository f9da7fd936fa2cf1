#!/usr/bin/env bash
# What the tests of the log need beside Rust: zstd, to hold that any decoder restores a sealed segment; file systems to
# mount, whose power is cut. Installs Debian's packages when root.
set -euo pipefail
packages=()
need() { command -v "$1" >/dev/null || packages+=("$2"); }
need zstd zstd
need mkfs.ext4 e2fsprogs
need mkfs.xfs xfsprogs
need losetup mount
need unshare util-linux
need perl perl-base
[ ${#packages[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    exit 0
fi
echo "The tests of the log need these packages (Debian's names): ${packages[*]}" >&2
exit 1
