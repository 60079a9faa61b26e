{{/* Environment of a controller; the argument is that of dpf.deployment. */}}
{{- define "dpf.controllerEnv" -}}
{{- $ := .root -}}
{{ include "dpf.commonEnv" (list $ .component .values $.Values.controllers.terminationGracePeriodSeconds) }}
- name: WATCH_NAMESPACES
  value: {{ without (include "dpf.watched" $ | fromJsonArray) "*" | join "," | quote }}
{{- with .env }}
{{ . }}
{{- end }}
{{- end }}

{{/*
A controller's Deployment: (dict "root" . "component" "…" "values" … "env" "…" "volumes" "…" "mounts" "…" "ports" "…" "initContainers" "…" "alone" true).
alone: a new Pod cannot run beside the one that it replaces.
*/}}
{{- define "dpf.deployment" -}}
{{- $ := .root }}{{ $component := .component }}{{ $values := .values }}{{ $shared := $.Values.controllers }}
{{- $args := list $ $component }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "dpf.fullname" $ }}-{{ $component }}
  namespace: {{ include "dpf.namespace" $ }}
  labels: {{- include "dpf.labels" $args | nindent 4 }}
  {{- with $shared.deploymentAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if not (kindIs "invalid" $values.replicas) }}
  replicas: {{ $values.replicas }}
  {{- end }}
  strategy:
    {{- if .alone }}
    type: Recreate
    {{- else }}
    type: RollingUpdate
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
    {{- end }}
  selector:
    matchLabels: {{- include "dpf.selector" $args | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "dpf.labels" $args | nindent 8 }}
        {{- with $shared.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ $component }}
        {{- include "dpf.checksums" $ | nindent 8 }}
        {{- with $shared.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "dpf.account" (list $ $component $values) }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $shared.terminationGracePeriodSeconds }}
      {{- include "dpf.pullSecrets" $ | nindent 6 }}
      {{- with $shared.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      securityContext: {{- include "dpf.podSecurity" (list $ 65532) | nindent 8 }}
      {{- with .initContainers }}
      initContainers: {{- . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ $component }}
          image: {{ include "dpf.ownImage" (list $ $values) }}
          imagePullPolicy: {{ $.Values.image.pullPolicy }}
          securityContext: {{- include "dpf.containerSecurity" $ | nindent 12 }}
          env: {{- include "dpf.env" (list (include "dpf.controllerEnv" .) $values.extraEnv) | nindent 12 }}
          ports:
            - { name: probes, containerPort: 8080 }
            {{- with .ports }}
            {{- . | nindent 12 }}
            {{- end }}
          {{- include "dpf.probes" (dict "port" "probes") | nindent 10 }}
          resources: {{- toYaml $values.resources | nindent 12 }}
          volumeMounts:
            {{- include "dpf.commonMounts" $ | nindent 12 }}
            {{- include "dpf.apiTokenMount" $ | nindent 12 }}
            {{- with .mounts }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- with $values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        {{- include "dpf.commonVolumes" $args | nindent 8 }}
        {{- include "dpf.apiTokenVolume" $ | nindent 8 }}
        {{- with .volumes }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with $values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with include "dpf.placement" $shared }}
      {{- . | trim | nindent 6 }}
      {{- end }}
      topologySpreadConstraints:
        {{- $selector := dict "matchLabels" (include "dpf.selector" $args | fromYaml) }}
        {{- range $shared.topologySpreadConstraints }}
        - {{ merge (dict) . (dict "labelSelector" $selector) | toJson }}
        {{- else }}
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {{ toJson $selector }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
        {{- end }}
{{- end }}
