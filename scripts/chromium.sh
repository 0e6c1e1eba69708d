#!/bin/sh
# For CI: install Chromium, by which the chat widget is tested, from Debian's packages.
set -eu
if [ -x /usr/bin/chromium ]; then
    exit 0
fi
run=""
[ "$(id -u)" = 0 ] || run=sudo
$run apt-get update -qq
$run apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null
