#!/bin/sh
# Gives the data directory to redis and becomes the command, as the redis user.
set -e
install -d -o redis -g redis /data
exec setpriv --reuid=redis --regid=redis --init-groups "$@"
