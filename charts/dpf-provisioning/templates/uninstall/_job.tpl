{{/* A step of the removal: (dict "root" . "hook" "pre-delete" "account" "…" "step" "objects"). */}}
{{- define "dpf.uninstall.job" -}}
{{- $ := .root }}{{ $uninstall := $.Values.uninstall }}{{ $labels := list $ "uninstall" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "dpf.fullname" $ }}-uninstall-{{ .step }}
  namespace: {{ include "dpf.namespace" $ }}
  labels: {{- include "dpf.labels" $labels | nindent 4 }}
  annotations:
    helm.sh/hook: {{ .hook }}
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
    # What is left is said by helm uninstall itself: the Job is gone afterwards.
    helm.sh/hook-output-log-policy: hook-succeeded,hook-failed
spec:
  # Before the services went one Pod: it outlives failures of the API server by itself, another one would wait anew and be killed in the midst of it, and
  # helm uninstall can be run again. Afterwards it cannot; the other Pod counts from when the cleaners were made, as the first one did.
  backoffLimit: {{ eq .step "objects" | ternary 0 1 }}
  # The program ends at its own deadline, half a minute later at the latest; this is for a Pod that never starts.
  activeDeadlineSeconds: {{ add $uninstall.deadlineSeconds 40 }}
  template:
    metadata:
      labels: {{- include "dpf.labels" $labels | nindent 8 }}
    spec:
      serviceAccountName: {{ .account }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      restartPolicy: Never
      {{- include "dpf.pullSecrets" $ | nindent 6 }}
      securityContext: {{- include "dpf.podSecurity" (list $ 65532) | nindent 8 }}
      containers:
        - name: uninstall
          image: {{ include "dpf.ownImage" (list $ $uninstall) }}
          imagePullPolicy: {{ $.Values.image.pullPolicy }}
          securityContext: {{- include "dpf.containerSecurity" $ | nindent 12 }}
          env:
            - name: STEP
              value: {{ .step }}
            - name: DEADLINE_SECONDS
              value: {{ $uninstall.deadlineSeconds | quote }}
            {{- if eq .step "objects" }}
            - name: WATCH_NAMESPACES
              value: {{ without (include "dpf.watched" $ | fromJsonArray) "*" | join "," | quote }}
            {{- else }}
            - name: NAMESPACE
              value: {{ include "dpf.namespace" $ }}
            - name: POD_SELECTOR
              value: app.kubernetes.io/instance={{ $.Release.Name }},app.kubernetes.io/component in (dpu-controller,dms-agent)
            - name: CLEANERS
              value: {{ include "dpf.fullname" $ }}-uninstall-hosts
            - name: NODE_SELECTOR
              value: {{ include "dpf.agentNodes" $ | fromYaml | toJson | quote }}
            - name: DISCOVERY
              value: {{ include "dpf.discovery" $ }}
            {{- end }}
          resources: {{- toYaml $uninstall.resources | nindent 12 }}
          volumeMounts:
            {{- include "dpf.apiTokenMount" $ | nindent 12 }}
      volumes:
        {{- include "dpf.apiTokenVolume" $ | nindent 8 }}
      {{- with include "dpf.placement" $.Values.controllers }}
      {{- . | trim | nindent 6 }}
      {{- end }}
{{- end }}
