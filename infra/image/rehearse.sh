#!/bin/sh
# Rehearses the Dockerfile with the Node on PATH, without an engine: see rehearse.mjs.
exec node "$(dirname "$0")/rehearse.mjs" "$@"
