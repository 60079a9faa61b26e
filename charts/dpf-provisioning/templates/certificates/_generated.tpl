{{/*
Certificates and passwords that the chart makes: those of the cluster if there are, else new ones. Once per rendering (kept in .Values), for every template
that asks must be told the same. GitOps tools, which render without a cluster, bring their own (certificates.mode, redis.auth.create).
*/}}
{{- define "dpf.generate" -}}
{{- if not (hasKey .Values "made") }}
{{- $namespace := include "dpf.namespace" . }}
{{- $made := dict }}
{{- if eq (include "dpf.certMode" .) "generated" }}
{{- $trust := lookup "v1" "Secret" $namespace (include "dpf.trustSecret" .) }}
{{- $kept := dict }}
{{- $missing := empty (dig "data" "ca.crt" "" $trust) }}
{{- range $endpoint := include "dpf.endpoints" . | fromJsonArray }}
{{- $secret := lookup "v1" "Secret" $namespace (include "dpf.tlsSecret" (list $ $endpoint)) }}
{{- if dig "data" "tls.crt" "" $secret }}
{{- $_ := set $kept $endpoint (dict "cert" (index $secret.data "tls.crt") "key" (index $secret.data "tls.key")) }}
{{- else }}
{{- $missing = true }}
{{- end }}
{{- end }}
{{- if $missing }}
{{- $ca := genCAWithKey (include "dpf.fullname" .) 3650 (genPrivateKey "ecdsa") }}
{{- $_ := set $made "ca" ($ca.Cert | b64enc) }}
{{- range $endpoint := include "dpf.endpoints" . | fromJsonArray }}
{{- $names := include "dpf.dnsNames" (list $ $endpoint) | fromJsonArray }}
{{- $pair := genSignedCertWithKey (first $names) nil $names 3650 $ca (genPrivateKey "ecdsa") }}
{{- $_ := set $made $endpoint (dict "cert" ($pair.Cert | b64enc) "key" ($pair.Key | b64enc)) }}
{{- end }}
{{- else }}
{{- $made = merge $kept (dict "ca" (index $trust.data "ca.crt")) }}
{{- end }}
{{- end }}
{{- if and .Values.redis.enabled .Values.redis.auth.create }}
{{- $passwords := dict }}
{{- range $user := include "dpf.redisUsers" . | fromJsonArray }}
{{- $secret := lookup "v1" "Secret" $namespace (printf "%s-redis-%s" (include "dpf.fullname" $) $user) }}
{{- $_ := set $passwords $user (dig "data" "password" "" $secret | b64dec | default (randAlphaNum 32)) }}
{{- end }}
{{- $_ := set $made "passwords" $passwords }}
{{- end }}
{{- $_ := set .Values "made" $made }}
{{- end }}
{{- end }}
