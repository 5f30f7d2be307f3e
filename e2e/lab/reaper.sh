#!/bin/sh
# reaper.sh ID DIRECTORY: ends one run of the lab.
#
# It lives in a session of its own and reads standard input until the run's process closes it: by asking (a last line
# `passed` or `failed`), or by dying, in whatever way: the kernel closes the pipe of a process killed with SIGKILL too.
# Then it kills every process of the run, removes its namespaces, and its folder, of which only logs stay when the run
# did not pass. So the clean-up has one path, and each ordinary end of a run tests it.
#
# A process belongs to the run when its environment says so (children inherit it, daemons too), or when it is inside one
# of the run's namespaces.
trap '' HUP INT TERM
id=$1
directory=$2
mark="FAIRLEAD_LAB_RUN=$id"

verdict=killed
while read -r line; do verdict=$line; done

members() {
  grep -lzsxF -e "$mark" /proc/[0-9]*/environ | cut -d/ -f3
  for namespace in /run/netns/fl-"$id"-*; do
    [ -e "$namespace" ] && ip netns pids "${namespace##*/}" 2>/dev/null
  done
}

# Until nothing is left: a process may fork while the list is read.
while pids=$(members); [ -n "$pids" ]; do
  # shellcheck disable=SC2086
  kill -KILL $pids 2>/dev/null
done

# A namespace is taken apart in the background; its link on the machine is to be gone when this ends.
ip link del "fl-$id" 2>/dev/null
for namespace in /run/netns/fl-"$id"-*; do
  [ -e "$namespace" ] && ip netns del "${namespace##*/}" &
done
wait

if [ "$verdict" = passed ]; then
  rm -rf "$directory"
else
  find "$directory" -mindepth 1 -maxdepth 1 ! -name log ! -name run.json -exec rm -rf {} +
fi
