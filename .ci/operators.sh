#!/usr/bin/env bash
# Follows docs/operators.md with the very commands that stand there (the blocks
# marked "sh ci"), while files are sent without a pause: a backup is made beside
# the running service, restored elsewhere, and must have lost nothing that was
# acknowledged before it began. Only the places are others.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
port=18481
base=http://127.0.0.1:$port
slug=chat-luong-khong-khi-2026
mkdir -p "$work/bin" "$work/srv" "$work/mnt/backup" "$work/mnt/keys" "$work/send"
go build -o "$work/bin/daylight" ./cmd/daylight
export PATH=$work/bin:$PATH
pids=()
finish() {
  touch "$work/stop"
  for p in "${pids[@]}"; do kill -INT "$p" 2>/dev/null || true; done
  for p in "${pids[@]}"; do wait "$p" || true; done
  rm -rf "$work"
}
trap finish EXIT

follow() { # the commands of a section, by its number
  local text
  text=$(awk -v s="## $1." '/^## /{here=index($0,s)==1} here&&/^```sh ci$/{p=1;next} /^```$/{p=0} p' docs/operators.md |
    sed "s#/srv/daylight#$work/srv#g; s#/mnt/#$work/mnt/#g")
  [ -n "$text" ] || { echo "docs/operators.md has no commands in section $1"; exit 1; }
  sed 's/^/$ /' <<<"$text" >&2
  bash -euo pipefail -c "$text"
}
answers() { for _ in $(seq 150); do curl -sf -o /dev/null "$1" && return; sleep 0.2; done; echo "$1 does not answer"; exit 1; }
versions() { curl -sf "$1/api/v1/datasets/$slug/versions" | jq -cS '[.. | objects | select(has("sha256")) | {url: (.url | sub("^https?://[^/]*"; "")), sha256}]'; }
uploads() { curl -sf -H "Authorization: Bearer $token" "$1/api/v1/uploads" | jq -r '.uploads[].upload | select(.state != "receiving") | .id' | sort; }

daylight demo --data "$work/srv/data" --listen 127.0.0.1:$port >"$work/out" 2>"$work/err" &
pids+=($!)
for _ in $(seq 300); do grep -q 'Daylight is at' "$work/out" && break; sleep 0.2; done
answers $base/readyz

token=$(follow 4 | tail -1)
follow 5

# An agency that goes on sending: every file is a new version, on a plan that
# comes with it, since its columns are not those of the sample.
cat >"$work/plan.yaml" <<EOF
plan: v1
dataset: $slug
audience: open
columns:
  tram: {do: keep}
  ngay: {do: keep}
  pm25: {do: keep}
decided: {by: an agency, at: 2026-01-01}
EOF
(
  export DAYLIGHT_TOKEN=$token
  for i in $(seq 1000); do
    [ ! -e "$work/stop" ] || break
    { echo "tram,ngay,pm25"; for d in $(seq 1 28); do echo "T$((d % 5)),2026-02-$(printf %02d "$d"),$((i * 10 + d))"; done; } >"$work/send/$i.csv"
    timeout 30 daylight publish "$work/send/$i.csv" --dataset $slug --plan "$work/plan.yaml" --server $base >>"$work/sent" 2>>"$work/sent.err" || { [ -e "$work/stop" ] || touch "$work/failed"; break; }
  done
) &
pids+=($!)
sent() { [ -e "$work/sent" ] && wc -l <"$work/sent" || echo 0; }
more() { # waits until so many more files are published
  local want=$(($(sent) + $1))
  for _ in $(seq 200); do [ "$(sent)" -ge $want ] && return; [ ! -e "$work/failed" ] || { cat "$work/sent.err"; exit 1; }; sleep 0.1; done
  echo "nothing is published any more"; cat "$work/sent.err" "$work/err"; exit 1
}

more 2
follow 6
more 2
versions $base >"$work/versions"
uploads $base >"$work/uploads"
follow 6 # the second time only what is new is copied
more 1
follow 9
follow 7 # while the first portal goes on

daylight serve --data "$work/srv/restored" --listen 127.0.0.1:$((port + 1)) --url $base --host 127.0.0.1:$((port + 1)) >"$work/out2" 2>"$work/err2" &
pids+=($!)
other=http://127.0.0.1:$((port + 1))
answers $other/readyz
[ "$(jq length <"$work/versions")" -ge 12 ] || { echo "too few files were published to try anything"; exit 1; }
lost=$(jq -n --slurpfile a "$work/versions" --argjson b "$(versions $other)" '($a[0] - $b) | length')
[ "$lost" = 0 ] || { echo "$lost published files are not in the restored portal"; exit 1; }
[ -z "$(comm -23 "$work/uploads" <(uploads $other))" ] || { echo "acknowledged uploads are not in the restored portal"; exit 1; }
jq -r '.[] | "\(.sha256) \(.url)"' <"$work/versions" | while read -r sum path; do
  [ "$(curl -sf "$other$path" | sha256sum | cut -d' ' -f1)" = "$sum" ] || { echo "$path is another file"; exit 1; }
done

daylight serve --public --data "$work/mnt/mirror" --listen 127.0.0.1:$((port + 2)) --url $base --host 127.0.0.1:$((port + 2)) >"$work/out3" 2>"$work/err3" &
pids+=($!)
answers http://127.0.0.1:$((port + 2))/readyz
for path in / /datasets/$slug /catalog.ttl; do curl -sf -o /dev/null "http://127.0.0.1:$((port + 2))$path"; done

# Beside the servers, and after them.
daylight fsck --data "$work/srv/data"
daylight fsck --data "$work/srv/restored"
finish_sent=$(sent)
touch "$work/stop"
for p in "${pids[@]}"; do kill -INT "$p" 2>/dev/null || true; done
for p in "${pids[@]}"; do wait "$p" || true; done
pids=()
daylight fsck --data "$work/srv/restored" --read-data
daylight fsck --data "$work/srv/data" --read-data
echo "backup and restore by the book: $(jq length <"$work/versions") files and $(wc -l <"$work/uploads") uploads before the backup, $finish_sent versions sent in all"
