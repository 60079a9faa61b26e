{{/* Egress rules. */}}
{{- define "dpf.toDns" -}}
- ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }, { port: 5353, protocol: UDP }, { port: 5353, protocol: TCP }]
{{- end }}

{{- define "dpf.toApiServer" -}}
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
{{- end }}

{{- define "dpf.toRedis" -}}
{{- if .Values.redis.enabled -}}
- to: [{ podSelector: { matchLabels: {{ include "dpf.selector" (list . "redis") | fromYaml | toJson }} } }]
  ports: [{ port: 6379, protocol: TCP }]
{{- else -}}
- ports: [{ port: {{ .Values.redis.external.port }}, protocol: TCP }]
{{- end }}
{{- end }}

{{- define "dpf.fromAgents" -}}
{{- range .Values.networkPolicy.agentCidrs }}
- ipBlock: { cidr: {{ . | quote }} }
{{- end }}
{{- end }}

{{/* The Pod of helm test. */}}
{{- define "dpf.fromTest" -}}
- podSelector: { matchLabels: {{ include "dpf.selector" (list . "test") | fromYaml | toJson }} }
{{- end }}

{{/* A policy: (dict "root" . "component" "…" "ingress" "…" "egress" "…"). */}}
{{- define "dpf.policy" -}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "dpf.fullname" .root }}-{{ .component }}
  namespace: {{ include "dpf.namespace" .root }}
  labels: {{- include "dpf.labels" (list .root .component) | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "dpf.selector" (list .root .component) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- with .ingress }}
    {{- . | nindent 4 }}
    {{- else }} []
    {{- end }}
  egress:
    {{- with .egress }}
    {{- . | nindent 4 }}
    {{- else }} []
    {{- end }}
{{- end }}
