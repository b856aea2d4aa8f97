#!/bin/sh
# make-secrets.sh [FOLDER]: makes the passwords that docker-compose.yml reads, each in a file of its own, unless they
# are there. The folder is closed to other users of this machine; the files are readable, because the users inside the
# containers have other ids.
set -eu
folder=${1:-secrets}
umask 022
mkdir -p "$folder"
chmod 700 "$folder"
for name in postgres-password admin-password; do
  [ ! -s "$folder/$name" ] || continue
  # Letters and digits: the Temporal server puts its password into a YAML text.
  password=$(od -An -tx1 -N18 /dev/urandom | tr -d ' \n')
  printf '%s\n' "$password" >"$folder/$name"
done
echo "Passwords are in $folder; admin logs in with that of $folder/admin-password."
