#!/usr/bin/env bash
# A tus client that others wrote (tus-js-client) uploads to the demo, is killed
# half way as the portal is, and goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
port=18491
go build -o "$work/daylight" ./cmd/daylight
pid=
trap '[ -z "$pid" ] || { kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null || true; }; rm -rf "$work"' EXIT
start() { # a command of daylight; waits until it serves
  "$work/daylight" "$@" --data "$work/data" --listen 127.0.0.1:$port >"$work/out" 2>"$work/err" &
  pid=$!
  for _ in $(seq 300); do
    grep -q 'Daylight is at' "$work/out" && return
    kill -0 $pid || break
    sleep 0.2
  done
  echo "it does not start"; cat "$work/out" "$work/err"; exit 1
}
cp .ci/tus/* "$work/"
(cd "$work" && npm ci --no-fund --no-audit --silent)

start demo
token=$(grep -o 'dl_[A-Za-z0-9_-]*' "$work/out" | head -1)
[ -n "$token" ] || { echo "the demo gives no token"; cat "$work/out"; exit 1; }
export BASE=http://127.0.0.1:$port TOKEN=$token WORK=$work DATASET=luot-xe-thu
curl -sf -o /dev/null -X PUT "$BASE/api/v1/datasets/$DATASET?org=$(curl -sf $BASE/api/v1/organizations | jq -r '.organizations[0].slug')" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{
  "title": {"vi": "Lượt xe thử", "en": "Trial traffic"}, "description": {"vi": "Số liệu để thử đường gửi.", "en": "Made up, to try the upload."},
  "keywords": {"vi": ["xe"], "en": ["traffic"]}, "themes": ["TRAN"], "places": ["http://publications.europa.eu/resource/authority/country/VNM"],
  "frequency": "DAILY", "licence": "CC-BY-4.0", "locale": "vi"}'

(cd "$work" && node tus.mjs begin) && { echo "the client was to be killed"; exit 1; }
kill -KILL $pid; wait $pid || true
start serve
(cd "$work" && node tus.mjs resume)
kill -INT $pid; wait $pid || true; pid=
"$work/daylight" fsck --data "$work/data" --read-data
