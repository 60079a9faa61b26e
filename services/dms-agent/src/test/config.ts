/** A bf.cfg as small as can be: installs a first boot that writes the marker, as the real one does last. */
export const bfCfg = (marker: string): string => `# secret-of-the-config
bfb_modify_os() {
  mkdir -p "\${DPF_ROOT:=/mnt}/opt/dpf"
  cat >"\${DPF_ROOT:=/mnt}/opt/dpf/first-boot.sh" <<'END'
#!/bin/bash
bfrshlog '${marker}'
END
}
`;
