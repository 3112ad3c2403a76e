#!/usr/bin/env bash
# install.sh FOLDER: Helix from Debian's newest packages, in a folder of its own with its own libraries. Nothing of the
# system changes, and nothing is fetched but by apt from the source that the system has. Then: FOLDER/hx FILE.
set -euo pipefail
mkdir -p "$1" && dir=$(cd "$1" && pwd)
mkdir -p "$dir"/apt/{lists/partial,cache/archives/partial} "$dir/root"
: > "$dir/apt/status"

site=$(apt-get indextargets --format '$(SITE)' "Codename: $(. /etc/os-release; echo "$VERSION_CODENAME")" 'Created-By: Packages' | head -1)
key=$(dpkg -L debian-archive-keyring | grep '/debian-archive-keyring.gpg$' | head -1)
echo "deb [signed-by=$key] $site sid main" > "$dir/apt/sources.list"
cat > "$dir/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$dir/apt/sources.list"; Dir::Etc::sourceparts "-"; Dir::Etc::preferencesparts "-";
Dir::State::lists "$dir/apt/lists"; Dir::State::status "$dir/apt/status"; Dir::Cache "$dir/apt/cache";
APT::Install-Recommends "false"; Acquire::Languages "none";
CONF
export APT_CONFIG="$dir/apt/apt.conf"
apt-get -qq update
apt-get -qq -y --download-only install hx > "$dir/apt/log" 2>&1
for package in "$dir"/apt/cache/archives/*.deb; do dpkg-deb -x "$package" "$dir/root"; done
rm -rf "$dir/apt"

# Programs that the editor starts, such as the language server, get the system's libraries as usual.
cat > "$dir/hx" <<'RUN'
#!/bin/sh
root=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)/root
libraries=$root/usr/lib/$(uname -m)-linux-gnu
loader=$(ls "$root"/usr/lib64/ld-linux-*.so.2 "$libraries"/ld-linux-*.so.2 2>/dev/null | head -1)
export HELIX_RUNTIME="$root/usr/lib/hx/runtime"
exec "$loader" --library-path "$libraries" --argv0 hx "$(readlink -f "$root/usr/bin/hx")" "$@"
RUN
chmod +x "$dir/hx"
