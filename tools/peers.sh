#!/usr/bin/env bash
# Installs the programs that tests and benchmarks compare with (Debian, as root). Peers from PyPI come with the
# dependency groups of pyproject.toml. Costs nothing when all is there.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

packages=(
  dcmtk libgdcm-tools dicom3tools dcm2niix odil orthanc orthanc-dicomweb
  chromium inkscape libreoffice-draw poppler-utils postgresql strace openssl
)
# What the C++ contenders of the benchmarks are compiled against.
list="$(dirname "$0")/../benchmarks/peers.txt"
if [[ -f "$list" ]]; then
  mapfile -t -O "${#packages[@]}" packages < <(sed 's/#.*//' "$list" | tr -s '[:space:]' '\n' | sed '/^$/d')
fi

"$(dirname "$0")/ohif.sh"

missing=()
for package in "${packages[@]}"; do
  [[ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" == "install ok installed" ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

echo "installing ${missing[*]}"
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
# Debian starts an Orthanc of its own: the tests start theirs, with their own configuration and ports.
service orthanc stop >/dev/null 2>&1 || true
