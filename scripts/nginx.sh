#!/bin/sh
# For CI: install nginx, by which the deployment is tested, from Debian's packages.
set -eu
if [ -x /usr/sbin/nginx ]; then
    exit 0
fi
run=""
[ "$(id -u)" = 0 ] || run=sudo
$run apt-get update -qq
$run apt-get install -y -qq --no-install-recommends nginx-light openssl >/dev/null
