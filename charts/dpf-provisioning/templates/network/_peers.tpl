{{/* Egress rules. */}}
{{- define "dpf.toDns" -}}
- ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }, { port: 5353, protocol: UDP }, { port: 5353, protocol: TCP }]
{{- end }}

{{/* Peers: everything but networkPolicy.imageServersExcept. What is excepted from a block must be of its family. */}}
{{- define "dpf.imageServers" -}}
{{- range $everything := list "0.0.0.0/0" "::/0" }}
- ipBlock:
    cidr: {{ quote $everything }}
    {{- $except := list }}
    {{- range $.Values.networkPolicy.imageServersExcept }}
    {{- if eq (contains ":" .) (contains ":" $everything) }}{{ $except = append $except . }}{{ end }}
    {{- end }}
    except: {{ toJson $except }}
{{- end }}
{{- end }}

{{/*
To the API server, and to Redis: (list . "peers as YAML"), the peers where its values name none; "": any. Rules of a policy add up: bfb-downloader would reach
on these ports what images are never fetched from. (Those of DNS stay open: its servers may have addresses like the metadata services'.)
*/}}
{{- define "dpf.toApiServer" -}}
{{- $policy := (index . 0).Values.networkPolicy }}{{ $named := list }}
{{- range $policy.apiServerCidrs }}{{ $named = append $named (dict "ipBlock" (dict "cidr" .)) }}{{ end -}}
- ports:
    {{- range $policy.apiServerPorts }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
  {{- with $named | empty | ternary (index . 1) (toYaml $named) }}
  to: {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "dpf.toRedis" -}}
{{- $ := index . 0 }}{{ $named := $.Values.networkPolicy.redisPeers }}
{{- if $.Values.redis.enabled -}}
- to: [{ podSelector: { matchLabels: {{ include "dpf.selector" (list $ "redis") | fromYaml | toJson }} } }]
  ports: [{ port: 6379, protocol: TCP }]
{{- else -}}
- ports: [{ port: {{ $.Values.redis.external.port }}, protocol: TCP }]
  {{- with $named | empty | ternary (index . 1) (toYaml $named) }}
  to: {{- . | nindent 4 }}
  {{- end }}
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
