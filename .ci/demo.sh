#!/usr/bin/env bash
# Runs the demo as a newcomer would and asks others what they think of it:
# conformance validators, checksums of resumed downloads, a browser.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
port=18471
base=http://127.0.0.1:$port
go build -o "$work/daylight" ./cmd/daylight
pid=
stop() { [ -z "$pid" ] || { kill -INT "$pid" 2>/dev/null; wait "$pid" || true; }; pid=; }
trap 'stop; rm -rf "$work"' EXIT

start() { # arguments of demo; waits until it has loaded
  "$work/daylight" demo --listen 127.0.0.1:$port "$@" >"$work/out" 2>"$work/err" &
  pid=$!
  for _ in $(seq 300); do
    grep -q 'Daylight is at' "$work/out" && return
    kill -0 $pid || { cat "$work/out" "$work/err"; exit 1; }
    sleep 0.2
  done
  echo "the demo did not load"; cat "$work/out" "$work/err"; exit 1
}

validate() { # both DCAT profiles in every syntax, one graph in all of them; DCAT-US 1.1
  (
    cd "$work/conformance"
    for ending in ttl nt jsonld rdf; do node dcat.mjs "$base/catalog.$ending"; done
    node dcat.mjs "$base/catalog.xml?page_size=2"
    node datajson.cjs "$base/data.json"
    node syntaxes.mjs "$base/catalog"
    ids=$(curl -sf "$base/api/v1/datasets?limit=1000" | jq -r '(.datasets[:3] + [.datasets[] | select(.withheld)][:1]) | unique_by(.id)[].id')
    for id in $ids; do
      node syntaxes.mjs "$base/dataset/$id"
      node syntaxes.mjs "$base/dataset/$id/versions"
      node dcat.mjs "$base/dataset/$id.ttl" "$base/dataset/$id/versions.ttl"
    done
    agency=$(curl -sf "$base/api/v1/organizations" | jq -r '[.organizations[] | select(.datasets > 0)][0].id')
    node dcat.mjs "$base/organization/$agency/catalog.ttl"
    node syntaxes.mjs "$base/organization/$agency/catalog"
    node datajson.cjs "$base/organization/$agency/data.json"
  ) >"$work/validated" || { cat "$work/validated"; exit 1; }
  grep -E 'violations|datasets, [0-9]+ problems' "$work/validated"
}

if [ -d ../shared/conformance ]; then
  mkdir "$work/shared"
  cp -r ../shared/conformance "$work/shared/conformance"
  ln -s "$PWD/../shared/data" "$work/shared/data"
  ln -s shared/conformance "$work/conformance"
  (cd "$work/conformance" && npm ci --no-fund --no-audit --silent)
elif [ "${DAYLIGHT_REQUIRE:-}" = 1 ]; then
  echo "../shared/conformance is missing"; exit 1
fi

start --data "$work/demo"
cat "$work/out"
[ -d "$work/conformance" ] && validate

# A resumed download is the whole file; resumed against another version it starts anew.
url=$(curl -sf $base/api/v1/datasets/chat-luong-khong-khi-2026 | jq -r '.version.files[] | select(.format=="csv").url')
want=$(curl -sf $base/api/v1/datasets/chat-luong-khong-khi-2026 | jq -r '.version.files[] | select(.format=="csv").sha256')
curl -sf -r 0-999 "$url" -o "$work/part"
curl -sf -C - "$url" -o "$work/part"
[ "$(sha256sum <"$work/part" | cut -d' ' -f1)" = "$want" ]
code=$(curl -s -o "$work/anew" -w '%{http_code}' -H 'Range: bytes=1000-' -H 'If-Range: "another"' "$url")
[ "$code" = 200 ] && [ "$(sha256sum <"$work/anew" | cut -d' ' -f1)" = "$want" ]

# public/ alone serves what is public.
cp -r "$work/demo/public" "$work/alone-public"
mkdir "$work/alone" && mv "$work/alone-public" "$work/alone/public" && chmod -R a-w "$work/alone/public"
"$work/daylight" serve --public --data "$work/alone" --listen 127.0.0.1:$((port+1)) --url $base --host 127.0.0.1:$((port+1)) >"$work/out2" 2>"$work/err2" &
second=$!
for _ in $(seq 50); do curl -sf -o /dev/null http://127.0.0.1:$((port+1))/healthz && break; sleep 0.1; done
for path in / /en/ /datasets /datasets/truong-hoc /organizations /catalog.ttl /catalog.jsonld /data.json /data.jsonl /feeds/dataset.atom /sitemap.xml /robots.txt /api/v1/search?q=dan+so "${url#"$base"}"; do
  a=$(curl -s -o "$work/a" -w '%{http_code}' "$base$path"); b=$(curl -s -o "$work/b" -w '%{http_code}' "http://127.0.0.1:$((port+1))$path")
  [ "$a" = 200 ] && [ "$b" = 200 ] || { echo "$path: $a, alone $b"; exit 1; }
done
kill -INT $second; wait $second || true
chmod -R u+w "$work/alone"

# The pages in a real browser.
(cd .ci/browser && npm ci --no-fund --no-audit --silent && BASE=$base node pages.mjs)

stop
"$work/daylight" fsck --data "$work/demo" --read-data
"$work/daylight" verify --data "$work/demo"

if [ -d ../shared/data/demo ]; then
  start --data "$work/others" --from ../shared/data/demo
  cat "$work/out"
  [ -d "$work/conformance" ] && validate
  stop
  "$work/daylight" fsck --data "$work/others" --read-data
fi
