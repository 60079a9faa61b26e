{{/* The host's files below /host, as the agent sees them. This is the whole list. */}}
{{- define "dpf.hostMounts" -}}
{{- if .Values.simulator.enabled }}
- { name: simulator, mountPath: {{ .Values.simulator.dir }}, mountPropagation: HostToContainer }
{{- else }}
# New devices (rshim after a reset) appear while the agent runs.
- { name: host-dev, mountPath: /host/dev, mountPropagation: HostToContainer }
- { name: host-sys, mountPath: /host/sys }
- { name: host-proc, mountPath: /host/proc, readOnly: true }
{{- if eq (include "dpf.discovery" .) "nfd" }}
- { name: host-features, mountPath: /host/etc/kubernetes/node-feature-discovery/features.d }
{{- end }}
{{- end }}
{{- end }}

{{- define "dpf.hostVolumes" -}}
{{- if .Values.simulator.enabled }}
- name: simulator
  hostPath: { path: {{ .Values.simulator.dir | quote }}, type: DirectoryOrCreate }
{{- else }}
- name: host-dev
  hostPath: { path: /dev, type: Directory }
- name: host-sys
  hostPath: { path: /sys, type: Directory }
- name: host-proc
  hostPath: { path: /proc, type: Directory }
{{- if eq (include "dpf.discovery" .) "nfd" }}
- name: host-features
  hostPath: { path: /etc/kubernetes/node-feature-discovery/features.d, type: DirectoryOrCreate }
{{- end }}
{{- end }}
{{- end }}

{{/* Labels of the nodes that an agent runs on. */}}
{{- define "dpf.agentNodes" -}}
{{- if .Values.dmsAgent.nodeSelector }}
{{- toYaml .Values.dmsAgent.nodeSelector }}
{{- else if eq (include "dpf.discovery" .) "nfd" -}}
feature.node.kubernetes.io/dpu-enabled: 'true'
{{- else -}}
kubernetes.io/os: linux
{{- end }}
{{- end }}

{{/* Where Pods of hosts run. */}}
{{- define "dpf.agentPlacement" -}}
{{- include "dpf.placement" (set (pick .Values.dmsAgent "tolerations" "affinity") "nodeSelector" (include "dpf.agentNodes" . | fromYaml)) | trim }}
{{- end }}
