#!/bin/sh
# Puts Mesa's software Vulkan driver (lavapipe 25, from bookworm-backports) under .cache/lavapipe: Debian 12 only, no root, nothing
# installed. Tests then run several times faster than on SwiftShader. Not finding it is no error: SwiftShader stands in.
set -u
cd "$(dirname "$0")/../.." || exit 0
. test/tools/debian.sh
target="$PWD/.cache/lavapipe"
[ -e "$target/lvp.json" ] && exit 0
fetched() {
  debian bookworm bookworm-backports || return 1
  (cd "$work" && private download mesa-vulkan-drivers >/dev/null 2>&1) && mkdir -p "$target" \
    && dpkg -x "$work"/mesa-vulkan-drivers_*.deb "$target/root"
}
fetched || { echo "lavapipe: $problem; SwiftShader stands in"; rm -rf "$target"; exit 0; }
driver=$(find "$target/root" -name libvulkan_lvp.so | head -n 1)
missing=$(ldd "$driver" 2>/dev/null | awk '/not found/ { printf "%s ", $1 }')
if [ -z "$driver" ] || [ -n "$missing" ]; then
  echo "lavapipe: needs ${missing:-its driver}, which this machine lacks (apt-get install libllvm15 libdrm2 libxcb-randr0 libxshmfence1); SwiftShader stands in"
  rm -rf "$target"
  exit 0
fi
printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s","api_version":"1.4.305"}}\n' "$driver" > "$target/lvp.json"
echo "lavapipe: $target"
