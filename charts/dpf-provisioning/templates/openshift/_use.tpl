{{/* Lets a ServiceAccount use SecurityContextConstraints: (dict "root" . "name" "…" "scc" "…" "account" "…" "meta" "labels and annotations as YAML"). */}}
{{- define "dpf.openshift.use" -}}
{{- if .root.Values.rbac.create }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ .name }}
  namespace: {{ include "dpf.namespace" .root }}
  {{- .meta | nindent 2 }}
rules:
  - apiGroups: [security.openshift.io]
    resources: [securitycontextconstraints]
    resourceNames: [{{ .scc }}]
    verbs: [use]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name }}
  namespace: {{ include "dpf.namespace" .root }}
  {{- .meta | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ include "dpf.namespace" .root }}
{{- end }}
{{- end }}

{{- define "dpf.openshift.wanted" -}}
{{- $scc := .Values.openshift.scc | toString }}
{{- if or (eq $scc "true") (and (eq $scc "auto") (include "dpf.isOpenShift" .)) }}yes{{ end }}
{{- end }}
