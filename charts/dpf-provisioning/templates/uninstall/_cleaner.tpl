{{/*
A container that removes what a program of ours kept on its host, from that program's own image, which is on every host already:
(dict "root" . "name" "dms-agent" "image" "…" "args" list "dir" "STATE_DIR" "path" "…" "mounts" list).
*/}}
{{- define "dpf.uninstall.cleaner" -}}
{{- $ := .root -}}
- name: {{ .name }}
  image: {{ .image }}
  imagePullPolicy: {{ $.Values.image.pullPolicy }}
  args: {{ .args | toJson }}
  securityContext: {{- include "dpf.uninstall.cleanerSecurity" $ | nindent 4 }}
  env:
    - name: HOST_ROOT
      value: /host
    - name: {{ .dir }}
      value: {{ .path | clean | quote }}
    - name: NODE_NAME
      valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
    # What ended with the release has ended by then; what has not is another release's.
    - name: WAIT_SECONDS
      value: {{ add $.Values.dmsAgent.terminationGracePeriodSeconds 30 | quote }}
  resources: {{- toYaml $.Values.uninstall.resources | nindent 4 }}
  volumeMounts:
    # Not the folder but the one around it: a folder cannot be removed through a mount of itself. What is unmounted there must go here too, or it stays busy.
    - { name: {{ .name }}, mountPath: {{ printf "/host%s" (.path | clean | dir) | quote }}, mountPropagation: HostToContainer }
    {{- range .mounts }}
    - {{ toJson . }}
    {{- end }}
{{- end }}

{{/* The files are root's, which needs no capability to remove them. */}}
{{- define "dpf.uninstall.cleanerSecurity" -}}
{{ include "dpf.containerSecurity" . }}
runAsUser: 0
runAsGroup: 0
# Where SELinux is enforced, other containers may not touch files of the host.
seLinuxOptions: { type: spc_t }
{{- end }}
