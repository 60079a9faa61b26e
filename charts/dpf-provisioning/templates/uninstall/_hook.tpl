{{/* Of what post-delete needs, in the order of the weights: (list . -1). Helm removes it when all has succeeded, and before it is made again. */}}
{{- define "dpf.uninstall.hookMeta" -}}
labels: {{- include "dpf.labels" (list (index . 0) "uninstall") | nindent 2 }}
annotations:
  helm.sh/hook: post-delete
  helm.sh/hook-weight: '{{ index . 1 }}'
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
