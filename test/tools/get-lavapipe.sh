#!/bin/sh
# Puts Mesa's software Vulkan driver (lavapipe 25, from bookworm-backports) under .cache/lavapipe: Debian 12 only, no root, nothing
# installed. Tests then run several times faster than on SwiftShader. Not finding it is no error: SwiftShader stands in.
set -u
cd "$(dirname "$0")/../.." || exit 0
target="$PWD/.cache/lavapipe"
[ -e "$target/lvp.json" ] && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "lavapipe: no apt-get here; SwiftShader stands in"; exit 0; }
mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 2>/dev/null | awk '$2 ~ /bookworm|stable/ { print $1; exit }')
[ -n "$mirror" ] || { echo "lavapipe: no Debian mirror is configured; SwiftShader stands in"; exit 0; }
work=$(mktemp -d) && mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/sources" "$target" || exit 0
trap 'rm -rf "$work"' EXIT
cat > "$work/sources/backports.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
private() {
  apt-get -q -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o Dir::Etc::SourceList=/dev/null \
    -o Dir::Etc::SourceParts="$work/sources" -o APT::Sandbox::User="$(id -un)" "$@"
}
private update >/dev/null 2>&1 && (cd "$work" && private download mesa-vulkan-drivers >/dev/null 2>&1) \
  && dpkg -x "$work"/mesa-vulkan-drivers_*.deb "$target/root" \
  || { echo "lavapipe: could not be fetched; SwiftShader stands in"; rm -rf "$target"; exit 0; }
driver=$(find "$target/root" -name libvulkan_lvp.so | head -n 1)
missing=$(ldd "$driver" 2>/dev/null | awk '/not found/ { printf "%s ", $1 }')
if [ -z "$driver" ] || [ -n "$missing" ]; then
  echo "lavapipe: needs ${missing:-its driver}, which this machine lacks (apt-get install libllvm15 libdrm2 libxcb-randr0 libxshmfence1); SwiftShader stands in"
  rm -rf "$target"
  exit 0
fi
printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s","api_version":"1.4.305"}}\n' "$driver" > "$target/lvp.json"
echo "lavapipe: $target"
