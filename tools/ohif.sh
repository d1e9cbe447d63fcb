#!/usr/bin/env bash
# Fetches OHIF, another viewer, which tests run on our server: its built files, as the npm package carries them, into
# build/ohif. Nothing of it is installed or run here; npm checks what it fetched. Costs nothing when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

version=3.12.10
target="build/ohif/$version"
if [[ -f "$target/package/dist/index.html" ]]; then
  exit 0
fi

echo "fetching @ohif/app $version"
mkdir -p build/ohif
part="$(mktemp -d build/ohif/part.XXXXXX)"
trap 'rm -rf "$part"' EXIT
npm pack --silent --pack-destination "$part" "@ohif/app@$version" >/dev/null
# 136 of its 199 MB are for segmenting in the browser, and fetch their models from elsewhere.
tar -xzf "$part"/*.tgz -C "$part" --exclude='package/dist/ort' --exclude='*.map'
rm "$part"/*.tgz
rm -rf "$target"
mv "$part" "$target"
chmod 755 "$target"
