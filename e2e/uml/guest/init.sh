#!/bin/sh
# The first process under User-mode Linux. It is given (on the kernel's command line, which init has as its environment):
#   LAB_RUN      a folder of the machine, the only one that can be written
#   LAB_NODE     Node's program
#   LAB_SERVER   what Node is to run: server.ts
#
# The guest's files are the machine's own, below a layer in the guest's memory that takes what is written.
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8

mount -t proc proc /proc
release=$(uname -r)
modules=/usr/lib/uml/modules/$release
insmod "$modules/kernel/fs/overlayfs/overlay.ko"

mount -t tmpfs -o mode=755 memory /mnt
mkdir /mnt/written /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/written,workdir=/mnt/work overlay /mnt/root
cd /mnt/root
mkdir -p lib/modules .host
# Where the kernel's own modprobe looks when it is asked for what it does not have: dummy, ip_vs, bonding.
ln -sfn "$modules" "lib/modules/$release"
pivot_root . .host
cd /

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs devices /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock "$LAB_RUN"
mount -t hostfs -o "$LAB_RUN" run "$LAB_RUN"
modprobe ipv6 # everybody else's kernel has it built in
ip link set lo up

# kube-proxy asks for `iptables`; this kernel has no tables of the inet family, which Debian's default of that name likes.
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -sf ../../sbin/xtables-legacy-multi "/usr/local/sbin/$name"
done

exec "$LAB_NODE" "$LAB_SERVER" </dev/tty1 >/dev/tty1 2>/dev/console
