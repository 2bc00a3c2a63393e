# Sourced by the scripts beside it: Debian's archive, from the mirror that the machine is configured with, read without root.
# debian RELEASE SUITE sets `work`, a folder that goes with the script, and `private`, apt-get over that suite alone; where there is no
# archive it fails, and `problem` says why.
debian() {
  command -v apt-get >/dev/null 2>&1 || { problem='no apt-get here'; return 1; }
  mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 2>/dev/null | awk -v r="$1" '$2 == r || $2 == "stable" { print $1; exit }')
  [ -n "$mirror" ] || { problem='no Debian mirror is configured'; return 1; }
  problem="could not be fetched from $mirror"
  work=$(mktemp -d) && mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/sources" || return 1
  trap 'rm -rf "$work"' EXIT
  cat > "$work/sources/debian.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: $2
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  private update >/dev/null 2>&1
}
private() {
  apt-get -q -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o Dir::Etc::SourceList=/dev/null \
    -o Dir::Etc::SourceParts="$work/sources" -o APT::Sandbox::User="$(id -un)" "$@"
}
