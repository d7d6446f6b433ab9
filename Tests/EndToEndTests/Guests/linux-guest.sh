#!/bin/bash
# Build a small real Linux guest: Debian's cloud kernel, busybox and qemu-guest-agent as an initramfs.
#
#   linux-guest.sh OUTDIR      leaves OUTDIR/vmlinuz and OUTDIR/initrd.gz
#
# From a disk for cloud-init (label cidata) it takes its user, host name and keys of ssh, and serves ssh with them, which
# it tells as GUEST-SSH.
#
# It boots under TCG in a few seconds, says GUEST-READY on ttyS0, has a root shell there, runs the guest agent on the
# first virtio serial port and takes the power button. `guest.name=` and `guest.addr=` on the kernel's command line set
# its host name and eth0's address; `guest.dhcp=eth0` asks for one, which it tells as GUEST-LEASE ADDRESS/LENGTH DOMAIN
# SERVER.
#
# Needs apt-get with fetched lists, cpio, gzip, busybox-static, kmod, qemu-guest-agent and dropbear-bin.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
out=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
cd "$work"

package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
[ -n "$package" ] || { echo "linux-guest.sh: no kernel package is known; run apt-get update" >&2; exit 1; }
apt-get -qq download "$package" 2>"$work/download" || { cat "$work/download" >&2; exit 1; }
dpkg -x "${package}"_*.deb kernel
version=$(ls kernel/lib/modules)

root=$work/root
mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,lib,lib64,etc,root,mnt} "$root"/var/{run,local/run} "$root/usr/local/var/run"
cp /bin/busybox "$root/bin/"
for applet in $(busybox --list); do [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"; done

cp /usr/sbin/qemu-ga /usr/sbin/dropbear "$root/sbin/"
cp /usr/lib/dropbear/dropbearconvert "$root/bin/"
ldd "$root"/sbin/{qemu-ga,dropbear} "$root/bin/dropbearconvert" | awk '/=> \// { print $3 } /ld-linux/ { print $1 }' | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

# Modules with those they depend on, in the order in which they load.
wanted="virtio_pci virtio_blk virtio_net virtio_console virtio_balloon virtio_mem virtio_rng virtio_mmio button evdev
  pvpanic-pci i6300esb virtiofs 9p 9pnet_virtio vmw_vsock_virtio_transport isofs vfat af_packet"
mkdir -p "$root/lib/modules/$version"
depmod -b kernel "$version"
for module in $wanted; do
  # A module that this kernel has built in is no error.
  { modprobe -d kernel -S "$version" -D "$module" 2>/dev/null || true; } | awk '/^insmod/ { print $2 }'
done | awk '!seen[$0]++' >modules
while read -r file; do
  name=$(basename "$file")
  cp "$file" "$root/lib/modules/$name"
  echo "$name" >>"$root/etc/modules.order"
done <modules

cat >"$root/init" <<'INIT'
#!/bin/sh
export PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
while read -r module; do insmod "/lib/modules/$module" 2>/dev/null; done </etc/modules.order
for word in $(cat /proc/cmdline); do case $word in guest.*) eval "${word#guest.}" ;; esac; done
hostname "${name:-guest}"
ip link set lo up
for device in /sys/class/net/e*; do [ -e "$device" ] && ip link set "$(basename "$device")" up; done
[ -n "${addr:-}" ] && ip addr add "$addr" dev eth0
[ -n "${dhcp:-}" ] && udhcpc -i "$dhcp" -s /etc/udhcpc.script -n -t 30 -T 1 >/dev/null 2>&1
# busybox's acpid names the power button's event this way.
mkdir -p /etc/acpi/PWRF
printf '#!/bin/sh\necho GUEST-POWERBUTTON >/dev/console\nsync\npoweroff -f\n' >/etc/acpi/PWRF/00000080
chmod +x /etc/acpi/PWRF/00000080
acpid -d -c /etc/acpi >/dev/null 2>&1 &
port=$(ls -d /dev/virtio-ports/* /dev/vport* 2>/dev/null | head -1)
[ -n "$port" ] && /sbin/qemu-ga -m virtio-serial -p "$port" -t /run -f /run/ga.pid >/run/ga.log 2>&1 &
[ -n "$(findfs LABEL=cidata 2>/dev/null)" ] && /etc/cloud-init
echo "GUEST-READY $(cut -d' ' -f1 /proc/uptime)" >/dev/console
exec setsid sh -c 'exec sh </dev/ttyS0 >/dev/ttyS0 2>&1'
INIT
chmod +x "$root/init"

# What of cloud-init a guest needs that is to be logged in to. It takes the JSON that qemuvm writes, a member a line.
cat >"$root/etc/cloud-init" <<'CLOUD'
#!/bin/sh
mount -t iso9660 -o ro "$(findfs LABEL=cidata)" /mnt || exit
data=/mnt/user-data
value() { sed -n "s/^ *\"$1\": \"\(.*\)\",*$/\1/p" "$2"; }
hostname "$(value local-hostname /mnt/meta-data)"
user=$(value name $data)
echo "root::0:0:root:/root:/bin/sh" >/etc/passwd
echo "root:x:0:" >/etc/group
[ "$user" = root ] || echo "$user::1000:1000::/home/$user:/bin/sh" >>/etc/passwd
home=$(sed -n "s/^$user:.*:\(.*\):.*$/\1/p" /etc/passwd)
mkdir -p "$home/.ssh"
sed -n '/"ssh_authorized_keys"/,/]/ s/^ *"\(ssh-.*\)",*$/\1/p' $data >"$home/.ssh/authorized_keys"
chmod 700 "$home" "$home/.ssh"
[ "$user" = root ] || chown -R 1000:1000 "$home"
printf "$(value ed25519_private $data)" >/run/openssh-key
chmod 600 /run/openssh-key
dropbearconvert openssh dropbear /run/openssh-key /run/host-key 2>/dev/null
echo /bin/sh >/etc/shells
dropbear -r /run/host-key -s -p 22 && echo "GUEST-SSH" >/dev/console
CLOUD
chmod +x "$root/etc/cloud-init"

cat >"$root/etc/udhcpc.script" <<'SCRIPT'
#!/bin/sh
case $1 in
deconfig) ip link set "$interface" up ;;
bound | renew)
  ip addr replace "$ip/$mask" dev "$interface"
  [ -z "${mtu:-}" ] || ip link set "$interface" mtu "$mtu"
  {
    [ -z "${domain:-}" ] || echo "search $domain"
    for server in ${dns:-}; do echo "nameserver $server"; done
  } >/etc/resolv.conf
  [ "$1" = renew ] || echo "GUEST-LEASE $ip/$mask ${domain:-} ${dns:-}" >/dev/console
  ;;
esac
SCRIPT
chmod +x "$root/etc/udhcpc.script"

# Each file appears under its name only when it is whole.
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -6) >"$out/initrd.new"
cp "kernel/boot/vmlinuz-$version" "$out/vmlinuz"
mv "$out/initrd.new" "$out/initrd.gz"
