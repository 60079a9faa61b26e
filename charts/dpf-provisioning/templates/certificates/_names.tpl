{{- define "dpf.certMode" -}}
{{- if ne .Values.certificates.mode "auto" }}{{ .Values.certificates.mode }}
{{- else if .Capabilities.APIVersions.Has "cert-manager.io/v1" }}certManager
{{- else }}generated{{ end }}
{{- end }}

{{/* The Secret with certificate and key of an endpoint: (list . "agentApi") or (list . "redis"). */}}
{{- define "dpf.tlsSecret" -}}
{{- $ := index . 0 -}}
{{- if eq (include "dpf.certMode" $) "existing" -}}
{{- required (printf "certificates.existing.%s is needed where certificates.mode is existing" (index . 1)) (get $.Values.certificates.existing (index . 1)) }}
{{- else -}}
{{ include "dpf.fullname" $ }}-{{ index . 1 | kebabcase }}-tls
{{- end }}
{{- end }}

{{/* The Secret with ca.crt for the clients: theirs alone, for whoever runs a client's Pod may read it. */}}
{{- define "dpf.trustSecret" -}}
{{- if eq (include "dpf.certMode" .) "existing" -}}
{{- required "certificates.existing.trust is needed where certificates.mode is existing" .Values.certificates.existing.trust }}
{{- else -}}
{{ include "dpf.fullname" . }}-trust
{{- end }}
{{- end }}

{{/* DNS names of the Service of an endpoint, as a JSON list. */}}
{{- define "dpf.dnsNames" -}}
{{- $ := index . 0 }}
{{- $service := printf "%s-%s" (include "dpf.fullname" $) (eq (index . 1) "redis" | ternary "redis" "dpu-controller") }}
{{- $namespace := include "dpf.namespace" $ }}
{{- list $service (printf "%s.%s" $service $namespace) (printf "%s.%s.svc" $service $namespace) | toJson }}
{{- end }}

{{/* The endpoints that need a certificate, as a JSON list. */}}
{{- define "dpf.endpoints" -}}
{{- .Values.redis.enabled | ternary (list "agentApi" "redis") (list "agentApi") | toJson }}
{{- end }}
