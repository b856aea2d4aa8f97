#!/bin/sh
# start.sh [FOLDER [SSH_FOLDER [HOMES]]]: tells the demo this host's address and SSH key through the folder they share,
# admits the demo's key, and becomes sshd. The host's key is new with every container; obflow pins it when the host is
# declared.
set -eu
folder=${1:-/demo}
ssh_folder=${2:-/etc/ssh}
homes=${3:-/root /home/admin}
key=$ssh_folder/ssh_host_ed25519_key
[ -f "$key" ] || ssh-keygen -q -t ed25519 -N '' -f "$key"
until [ -s "$folder/id_ed25519.pub" ]; do sleep 0.2; done
for home in $homes; do
  mkdir -p "$home/.ssh"
  cp "$folder/id_ed25519.pub" "$home/.ssh/authorized_keys"
  chmod 700 "$home/.ssh"
  chmod 600 "$home/.ssh/authorized_keys"
  # sshd takes keys from their owner only.
  chown -R "$(stat -c %u:%g "$home")" "$home/.ssh"
done
address=$(hostname -i | cut -d ' ' -f 1)
mkdir -p "$folder/hosts"
printf '%s 22 %s\n' "$address" "$(ssh-keygen -lf "$key.pub" | cut -d ' ' -f 2)" >"$folder/hosts/.$address"
mv "$folder/hosts/.$address" "$folder/hosts/$address"
exec /usr/sbin/sshd -D -e -o UsePAM=no -o PermitRootLogin=yes -o PasswordAuthentication=no -o PidFile=none
