#!/bin/bash
# Unpack the newer QEMU of Debian's backports beside the installed one, for trying both; nothing is installed.
#
#   qemu-next.sh DIR      leaves DIR/qemu-system-x86_64 and DIR/qemu-img
#
# Needs Debian 12 and apt-get. The mirror is the one that apt already uses.
set -euo pipefail
dir=$(realpath -m "$1")
mirror=$(
  shopt -s nullglob
  cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    awk '/^URIs:/ && $2 ~ /\/debian\/?$/ { print $2; exit }
         /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /:\/\/.*\/debian\/?$/) { print $i; exit } }' || true
)
[ -n "$mirror" ] || { echo "qemu-next.sh: apt has no Debian mirror among its sources" >&2; exit 1; }

mkdir -p "$dir"/apt/{lists,archives}/partial "$dir/root"
signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
printf "deb $signed %s %s main\n" "$mirror" bookworm "$mirror" bookworm-backports >"$dir/apt/sources.list"
apt() {
  apt-get -qq -o Dir::Etc::sourcelist="$dir/apt/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::Lists="$dir/apt/lists" -o Dir::Cache::archives="$dir/apt/archives" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
}
apt update
cd "$dir/apt"
# What an installation would fetch is what the installed system does not have yet.
packages=$(
  apt -t bookworm-backports install --print-uris -y --no-install-recommends qemu-system-x86 qemu-utils |
    awk -F"'" '/^\x27/ { print $2 }' | sed 's#.*/##; s#_.*##' | sort -u
)
[ -n "$packages" ] || { echo "qemu-next.sh: the backports have no newer QEMU than the installed one" >&2; exit 1; }
# shellcheck disable=SC2086
apt -t bookworm-backports download $packages 2>"$dir/apt/download" || { cat "$dir/apt/download" >&2; exit 1; }
for package in *.deb; do dpkg -x "$package" "$dir/root"; done

for program in qemu-system-x86_64 qemu-img; do
  data=
  [ $program = qemu-img ] ||
    data='-L "$root/usr/share/qemu" -L "$root/usr/share/seabios" -L /usr/share/seabios -L "$root/usr/lib/ipxe/qemu"'
  cat >"$dir/$program" <<SCRIPT
#!/bin/sh
root=$dir/root
export LD_LIBRARY_PATH=\$root/usr/lib/x86_64-linux-gnu:\$root/lib/x86_64-linux-gnu
export QEMU_MODULE_DIR=\$root/usr/lib/x86_64-linux-gnu/qemu
exec "\$root/usr/bin/$program" $data "\$@"
SCRIPT
  chmod +x "$dir/$program"
done
"$dir/qemu-system-x86_64" --version | head -1
