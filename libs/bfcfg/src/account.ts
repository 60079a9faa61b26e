/**
 * Locks the password of user ubuntu, who is made by cloud-init on the first boot. The installer knows no such parameter (an empty ubuntu_PASSWORD leaves
 * the image's own), so the part of the user-data that it would replace is replaced here: from `users:` up to `runcmd`.
 */
export const LOCK_ACCOUNT = `dpf_users() {
  printf '%s\\n' 'users:' '  - name: ubuntu' '    lock_passwd: true' \\
    '    groups: adm, audio, cdrom, dialout, dip, floppy, lxd, netdev, plugdev, sudo, video' \\
    '    sudo: ALL=(ALL) NOPASSWD:ALL' '    shell: /bin/bash'
}
dpf_seed=$DPF_ROOT/var/lib/cloud/seed/nocloud-net/user-data
if [ -f "$dpf_seed" ]; then
  dpf_part=before
  while IFS= read -r dpf_line || [ -n "$dpf_line" ]; do
    case $dpf_part$dpf_line in
      beforeusers:*) dpf_part=users; dpf_users ;;
      usersruncmd*) dpf_part=after ;;
    esac
    if [ "$dpf_part" != users ]; then printf '%s\\n' "$dpf_line"; fi
  done <"$dpf_seed" >"$dpf_seed.dpf"
  if [ "$dpf_part" = before ]; then dpf_users >>"$dpf_seed.dpf"; fi
  cat "$dpf_seed.dpf" >"$dpf_seed"
  rm "$dpf_seed.dpf"
fi
`;
