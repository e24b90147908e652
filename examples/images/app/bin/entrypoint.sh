#!/bin/sh
# Publishes the static files into the shared volume, where there is one, and becomes the command.
set -e
assets=/var/static
if [ -d "$assets" ] && [ -w "$assets" ]; then
  for file in /app/public/*; do
    name=${file##*/}
    cmp -s "$file" "$assets/$name" && continue
    # Under another name first, since nginx must never read half a file; its own, since others start at the same time.
    part=$(mktemp "$assets/.$name.XXXXXX")
    cp "$file" "$part" && chmod 644 "$part" && mv -f "$part" "$assets/$name"
  done
fi
exec "$@"
