#!/bin/bash
# Builds a whole Debian with systemd and cgroup v2 as a qcow2 disk, with a kernel and an initramfs that mounts it.
# usage: debian-guest.sh OUTDIR [EXTRA,PACKAGES]     needs: debootstrap e2fsprogs qemu-utils cpio, and linux-guest.sh beside it
# Boots under TCG in about 30 s to a root shell on ttyS0 (2 vCPUs, 1 GiB):
#   qemu-system-x86_64 -M q35 -accel tcg,thread=multi -smp 2 -m 1G -kernel vmlinuz -initrd debian-initrd.gz -append "console=ttyS0 quiet" \
#     -blockdev '{"driver":"qcow2","node-name":"d0","file":{"driver":"file","filename":"debian.qcow2"}}' -device virtio-blk-pci,drive=d0 ...
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "$1"); extra=${2:+,$2}
work=$(mktemp -d); trap 'for m in proc sys dev/pts dev; do umount "$work/root/$m" 2>/dev/null; done; rm -rf --one-file-system "$work"' EXIT
[ -f "$out/vmlinuz" ] || "$here/linux-guest.sh" "$out"
debootstrap --variant=minbase --include="systemd,systemd-sysv,udev,dbus,kmod,iproute2,qemu-guest-agent$extra" bookworm "$work/root" >/dev/null

# Kernel modules of the same kernel, so that the running system can load what it needs.
pkg=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/{print $2}')
(cd "$work" && apt-get download "$pkg" >/dev/null 2>&1 && dpkg -x "$pkg"_*.deb kernel)
mkdir -p "$work/root/lib/modules"; cp -a "$work"/kernel/lib/modules/* "$work/root/lib/modules/"
depmod -b "$work/root" "$(ls "$work/kernel/lib/modules")"

echo guest >"$work/root/etc/hostname"
echo '/dev/vda / ext4 defaults 0 1' >"$work/root/etc/fstab"
sed -i 's/^root:[^:]*:/root::/' "$work/root/etc/shadow"
d=$work/root/etc/systemd/system/serial-getty@ttyS0.service.d; mkdir -p "$d"
printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root -8 --keep-baud 115200 ttyS0 vt100\n' >"$d/autologin.conf"

truncate -s 3G "$work/disk.raw"
mke2fs -q -t ext4 -d "$work/root" "$work/disk.raw"
qemu-img convert -O qcow2 "$work/disk.raw" "$out/debian.qcow2"

# The small guest's initramfs, with an init that hands over to the disk.
mkdir "$work/ir"; cd "$work/ir"; zcat "$out/initrd.gz" | cpio -id --quiet
cat >init <<'I'
#!/bin/sh
export PATH=/bin:/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
while read -r m; do insmod /lib/modules/$m 2>/dev/null; done < /etc/modules.order
mount -t ext4 /dev/vda /mnt && exec switch_root /mnt /sbin/init
I
find . | cpio -o -H newc --quiet | gzip -1 >"$out/debian-initrd.gz"
ls -la "$out"
