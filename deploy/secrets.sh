#!/bin/sh
# Make deploy/secrets: random passwords, the addresses with them, and empty files for what is optional.
# What is there stays. With a name, it also makes a certificate of its own, to try things out:
#   sh deploy/secrets.sh chat.example.org
set -eu
cd "$(dirname "$0")"
# Nobody else may enter the folder; the users in the containers must read the files.
mkdir -p -m 700 secrets
cd secrets

keep() { # FILE TEXT
    [ -e "$1" ] || printf '%s\n' "$2" >"$1"
    chmod 644 "$1"
}
random() {
    openssl rand -hex 24
}

keep NEEDLEPOINT_SECRET "$(random)"
keep NEEDLEPOINT_METRICS_TOKEN "$(random)"
keep postgres_password "$(random)"
keep redis_password "$(random)"
keep rabbitmq_password "$(random)"
keep NEEDLEPOINT_DATABASE_URL "postgresql://needlepoint:$(cat postgres_password)@postgres:5432/needlepoint"
keep NEEDLEPOINT_REDIS_URL "redis://:$(cat redis_password)@redis:6379/0"
keep NEEDLEPOINT_AMQP_URL "amqp://needlepoint:$(cat rabbitmq_password)@rabbitmq:5672/"
keep redis.conf "requirepass $(cat redis_password)"
keep rabbitmq.conf "default_user = needlepoint
default_pass = $(cat rabbitmq_password)"
for name in NEEDLEPOINT_SMTP_URL NEEDLEPOINT_WEBHOOK_SECRET \
    SLACK_BOT_TOKEN SLACK_SIGNING_SECRET SLACK_APP_TOKEN; do
    keep "$name" ""
done
if [ $# -gt 0 ] && [ ! -e tls.crt ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
        -keyout tls.key -out tls.crt 2>/dev/null
    chmod 644 tls.crt tls.key
fi
[ -e tls.crt ] && [ -e tls.key ] || echo "Put your certificate in deploy/secrets: tls.crt (with its chain) and tls.key."
