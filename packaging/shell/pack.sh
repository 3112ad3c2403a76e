#!/bin/sh
# Packs the completion scripts and the manual pages into plimsoll-shell.tar.gz, as `dist` does for a release.
#   pack.sh [FOLDER]      where the archive goes; the current folder unless given
# PLIMSOLL is the command that prints them.
set -eu
plimsoll=${PLIMSOLL:-cargo run --quiet --locked --package plimsoll --}
out=$(cd "${1:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/completions" "$work/man/man1"

# The names that each shell looks for.
$plimsoll completions bash >"$work/completions/plimsoll.bash"
$plimsoll completions elvish >"$work/completions/plimsoll.elv"
$plimsoll completions fish >"$work/completions/plimsoll.fish"
$plimsoll completions powershell >"$work/completions/_plimsoll.ps1"
$plimsoll completions zsh >"$work/completions/_plimsoll"

# The page of the command names those of its subcommands.
$plimsoll man >"$work/man/man1/plimsoll.1"
for name in $(sed 's/\\-/-/g' "$work/man/man1/plimsoll.1" | grep -o 'plimsoll-[a-z]*(1)' | sed 's/plimsoll-//; s/(1)//' | sort -u); do
  $plimsoll man "$name" >"$work/man/man1/plimsoll-$name.1"
done
tar -czf "$out/plimsoll-shell.tar.gz" -C "$work" completions man
