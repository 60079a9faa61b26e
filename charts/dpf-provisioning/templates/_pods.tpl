{{/* Parts of Pods. */}}

{{/* An image: (list . .Values.x.image "registry" "tag"). */}}
{{- define "dpf.image" -}}
{{- $ := index . 0 }}{{ $image := index . 1 -}}
{{- $registry := $.Values.global.imageRegistry | default $image.registry | default (index . 2) -}}
{{- $name := empty $registry | ternary $image.repository (printf "%s/%s" $registry $image.repository) -}}
{{- if $image.digest -}}
{{ $name }}@{{ $image.digest }}
{{- else -}}
{{ $name }}:{{ $image.tag | default (index . 3) }}
{{- end }}
{{- end }}

{{/* One of our images: (list . .Values.x). */}}
{{- define "dpf.ownImage" -}}
{{- $ := index . 0 -}}
{{ include "dpf.image" (list $ (index . 1).image $.Values.image.registry ($.Values.image.tag | default $.Chart.AppVersion)) }}
{{- end }}

{{- define "dpf.pullSecrets" -}}
{{- with concat .Values.image.pullSecrets .Values.global.imagePullSecrets | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Where Pods run: the nodeSelector, tolerations and affinity of some values. */}}
{{- define "dpf.placement" -}}
{{- $values := . -}}
{{- range $field := list "nodeSelector" "tolerations" "affinity" }}
{{- with get $values $field }}
{{ dict $field . | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{- define "dpf.isOpenShift" -}}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" }}yes{{ end }}
{{- end }}

{{/* The restricted Pod Security level. OpenShift chooses the ids itself: (list . 65532). */}}
{{- define "dpf.podSecurity" -}}
runAsNonRoot: true
{{- if not (include "dpf.isOpenShift" (index . 0)) }}
runAsUser: {{ index . 1 }}
runAsGroup: {{ index . 1 }}
fsGroup: {{ index . 1 }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "dpf.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Three quarters of a memory limit in MiB; nothing where there is none in Mi or Gi. */}}
{{- define "dpf.memoryShare" -}}
{{- $limit := dig "limits" "memory" "" . | toString -}}
{{- if regexMatch "^[0-9]+Mi$" $limit }}{{ div (mul 3 (trimSuffix "Mi" $limit | int)) 4 }}
{{- else if regexMatch "^[0-9]+Gi$" $limit }}{{ mul 768 (trimSuffix "Gi" $limit | int) }}
{{- end }}
{{- end }}

{{/* Environment of every service: (list . "component" .Values.component stopSeconds). */}}
{{- define "dpf.commonEnv" -}}
{{- $ := index . 0 }}{{ $values := index . 2 }}
- name: LOG_LEVEL
  value: {{ $.Values.logLevel }}
- name: STOP_SECONDS
  value: {{ max 1 (sub (index . 3) 5) | quote }}
- name: REDIS_URL_FILE
  value: /etc/dpf/redis/url
{{- if include "dpf.redisCa" $ }}
- name: REDIS_CA_FILE
  value: /etc/dpf/trust/{{ include "dpf.redisCa" $ }}
{{- end }}
- name: REDIS_PREFIX
  value: {{ $.Values.redis.prefix | quote }}
{{- include "dpf.nodeOptions" $values.resources }}
{{- end }}

{{/*
Environment of a container: (list "ours as YAML" .Values.component.extraEnv). A variable that stands in both is theirs; twice in a list, helm's server-side
apply refuses it.
*/}}
{{- define "dpf.env" -}}
{{- $extra := index . 1 }}{{ $names := list }}
{{- range $extra }}{{ $names = append $names .name }}{{ end }}
{{- $all := list }}
{{- range index . 0 | fromYamlArray }}
{{- if not (has .name $names) }}{{ $all = append $all . }}{{ end }}
{{- end }}
{{- concat $all $extra | toYaml }}
{{- end }}

{{- define "dpf.nodeOptions" -}}
{{- with include "dpf.memoryShare" . }}
- name: NODE_OPTIONS
  value: --enable-source-maps --max-semi-space-size=4 --max-old-space-size={{ . }}
{{- end }}
{{- end }}

{{/* Which file of the volume "trust" is Redis' CA; none for a Redis whose certificate the system trusts. */}}
{{- define "dpf.redisCa" -}}
{{- if .Values.redis.enabled }}ca.crt{{ else if .Values.redis.external.existingSecret }}redis-ca.crt{{ end }}
{{- end }}

{{/* Volumes of every service: (list . "component"). */}}
{{- define "dpf.commonVolumes" -}}
{{- $ := index . 0 }}{{ $component := index . 1 }}{{ $external := $.Values.redis.external }}
- name: redis
  secret:
    {{- if and (not $.Values.redis.enabled) $external.existingSecret }}
    secretName: {{ $external.existingSecret }}
    items: [{ key: {{ $component }}, path: url }]
    {{- else }}
    secretName: {{ include "dpf.fullname" $ }}-redis-{{ $component }}
    items: [{ key: url, path: url }]
    {{- end }}
    defaultMode: 0440
- name: trust
  projected:
    sources:
      - secret:
          name: {{ include "dpf.trustSecret" $ }}
          items: [{ key: ca.crt, path: ca.crt }]
      {{- if and (not $.Values.redis.enabled) $external.existingSecret }}
      - secret:
          name: {{ $external.existingSecret }}
          items: [{ key: ca.crt, path: redis-ca.crt }]
      {{- end }}
{{- end }}

{{- define "dpf.commonMounts" -}}
- { name: redis, mountPath: /etc/dpf/redis, readOnly: true }
- { name: trust, mountPath: /etc/dpf/trust, readOnly: true }
{{- end }}

{{/* A token for the API server, as the kubelet mounts it, but short-lived and only where it is used. */}}
{{- define "dpf.apiTokenVolume" -}}
- name: api-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3607 }
      - configMap:
          name: kube-root-ca.crt
          items: [{ key: ca.crt, path: ca.crt }]
      - downwardAPI:
          items: [{ path: namespace, fieldRef: { fieldPath: metadata.namespace } }]
{{- end }}

{{- define "dpf.apiTokenMount" -}}
- { name: api-token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
{{- end }}

{{/* Probes of a service: (dict "port" … "host" …). Alive does not depend on Redis or the API server; ready does. */}}
{{- define "dpf.probes" -}}
{{- $http := dict "port" .port }}{{ with .host }}{{ $http = set $http "host" . }}{{ end -}}
startupProbe:
  httpGet: {{ merge (dict "path" "/healthz") $http | toJson }}
  periodSeconds: 2
  failureThreshold: 30
  timeoutSeconds: 3
livenessProbe:
  httpGet: {{ merge (dict "path" "/healthz") $http | toJson }}
  periodSeconds: 20
  failureThreshold: 3
  timeoutSeconds: 3
readinessProbe:
  httpGet: {{ merge (dict "path" "/readyz") $http | toJson }}
  periodSeconds: 5
  failureThreshold: 3
  timeoutSeconds: 3
{{- end }}

{{/* Pods are renewed when what they read at their start is another one. */}}
{{- define "dpf.checksums" -}}
dpf/redis: {{ include "dpf.redisState" . | sha256sum }}
{{- end }}
