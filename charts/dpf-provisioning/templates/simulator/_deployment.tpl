{{/* The level of the services' logs is not the simulator's: a tenant cluster that is restarted begins empty. */}}
{{- define "dpf.simulator.env" -}}
- name: STOP_SECONDS
  value: '8'
{{- include "dpf.nodeOptions" .Values.simulator.resources }}
{{- end }}

{{/* A part of the simulator that stands once: (dict "root" . "role" "images" "port" 8081 "env" "…" "mounts" "…" "volumes" "…" "account" "…"). */}}
{{- define "dpf.simulator.deployment" -}}
{{- $ := .root }}{{ $component := printf "simulator-%s" .role }}{{ $labels := list $ $component }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "dpf.fullname" $ }}-{{ $component }}
  namespace: {{ include "dpf.namespace" $ }}
  labels: {{- include "dpf.labels" $labels | nindent 4 }}
spec:
  replicas: 1
  strategy: { type: Recreate }
  selector:
    matchLabels: {{- include "dpf.selector" $labels | nindent 6 }}
  template:
    metadata:
      labels: {{- include "dpf.labels" $labels | nindent 8 }}
    spec:
      {{- with .account }}
      serviceAccountName: {{ . }}
      {{- end }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 10
      {{- include "dpf.pullSecrets" $ | nindent 6 }}
      securityContext: {{- include "dpf.podSecurity" (list $ 65532) | nindent 8 }}
      containers:
        - name: {{ $component }}
          image: {{ include "dpf.ownImage" (list $ $.Values.simulator) }}
          imagePullPolicy: {{ $.Values.image.pullPolicy }}
          args: [main.mjs, {{ .role }}]
          securityContext: {{- include "dpf.containerSecurity" $ | nindent 12 }}
          env:
            {{- include "dpf.simulator.env" $ | nindent 12 }}
            - name: PORT
              value: {{ .port | quote }}
            {{- .env | nindent 12 }}
          ports:
            - { name: probes, containerPort: 8080 }
            - { name: {{ .role }}, containerPort: {{ .port }} }
          {{- include "dpf.probes" (dict "port" "probes") | nindent 10 }}
          resources: {{- toYaml $.Values.simulator.resources | nindent 12 }}
          {{- with .mounts }}
          volumeMounts: {{- . | nindent 12 }}
          {{- end }}
      {{- with .volumes }}
      volumes: {{- . | nindent 8 }}
      {{- end }}
      tolerations:
        # The only node may be one whose DPUs are being provisioned.
        - operator: Exists
          effect: NoSchedule
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "dpf.fullname" $ }}-{{ $component }}
  namespace: {{ include "dpf.namespace" $ }}
  labels: {{- include "dpf.labels" $labels | nindent 4 }}
spec:
  selector: {{- include "dpf.selector" $labels | nindent 4 }}
  ports:
    - { name: {{ .role }}, port: {{ .servicePort }}, targetPort: {{ .role }} }
{{- end }}
