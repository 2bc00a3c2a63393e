#!/bin/sh
# Puts Debian's Neovim under .cache/neovim: no root, nothing installed. The tests try the language server with it. Not finding it is
# no error: they say that they were skipped, and why.
set -u
cd "$(dirname "$0")/../.." || exit 0
. test/tools/debian.sh
target="$PWD/.cache/neovim"
[ -x "$target/nvim" ] && exit 0
command -v nvim >/dev/null 2>&1 && exit 0
release=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
fetched() {
  debian "$release" "$release" || return 1
  # With what it links to that a bare system lacks.
  packages=$(private install --print-uris --no-install-recommends -y neovim 2>/dev/null | sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p")
  [ -n "$packages" ] || packages=neovim
  # shellcheck disable=SC2086
  (cd "$work" && private download $packages >/dev/null 2>&1) && mkdir -p "$target" || return 1
  for package in "$work"/*.deb; do dpkg -x "$package" "$target/root" || return 1; done
}
fetched || { echo "Neovim: $problem"; rm -rf "$target"; exit 0; }
libraries=$(find "$target/root" -name '*.so*' -exec dirname {} \; | sort -u | tr '\n' ':')
cat > "$target/nvim" <<RUN
#!/bin/sh
root="\$(dirname "\$0")/root"
LD_LIBRARY_PATH="$libraries\${LD_LIBRARY_PATH:-}" VIMRUNTIME="\$root/usr/share/nvim/runtime" exec "\$root/usr/bin/nvim" "\$@"
RUN
chmod +x "$target/nvim"
"$target/nvim" --version >/dev/null 2>&1 || { echo "Neovim: does not start here"; rm -rf "$target"; }
exit 0
