/** A bf.cfg as small as can be: installs a first boot that writes the marker, as the real one does last. */
export const bfCfg = (marker: string): string => `# secret-of-the-config
bfb_modify_os() {
  mkdir -p "\${DPF_ROOT:=/mnt}/opt/dpf"
  cat >"\${DPF_ROOT:=/mnt}/opt/dpf/first-boot.sh" <<'END'
#!/bin/bash
bfrshlog '${marker}'
END
  chmod 0755 "\${DPF_ROOT:=/mnt}/opt/dpf/first-boot.sh"
  mkdir -p "\${DPF_ROOT:=/mnt}/etc/systemd/system/multi-user.target.wants"
  cat >"\${DPF_ROOT:=/mnt}/etc/systemd/system/dpf-first-boot.service" <<'END'
[Service]
Type=oneshot
ExecStart=/opt/dpf/first-boot.sh
[Install]
WantedBy=multi-user.target
END
  ln -sf ../dpf-first-boot.service "\${DPF_ROOT:=/mnt}/etc/systemd/system/multi-user.target.wants/dpf-first-boot.service"
}
`;
