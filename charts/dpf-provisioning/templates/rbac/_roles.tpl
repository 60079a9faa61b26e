{{/*
The rights of a service on objects of the watched namespaces: a Role in each of them, or one ClusterRole where all are watched.
(list . "dpu-controller" .Values.dpuController "rules as YAML")
*/}}
{{- define "dpf.watchedRole" -}}
{{- $who := . }}{{ $ := index . 0 }}{{ $component := index . 1 }}{{ $rules := index . 3 }}
{{- $watched := include "dpf.watched" $ | fromJsonArray }}
{{- $all := eq (first $watched) "*" }}
{{- $name := printf "%s-%s%s" ($all | ternary (include "dpf.clusterName" $) (include "dpf.fullname" $)) $component ($all | ternary "-objects" "") }}
{{- range $namespace := $watched }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $all | ternary "ClusterRole" "Role" }}
metadata:
  name: {{ $name }}
  {{- if not $all }}
  namespace: {{ $namespace }}
  {{- end }}
  labels: {{- include "dpf.labels" (list $ $component) | nindent 4 }}
rules: {{- $rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $all | ternary "ClusterRoleBinding" "RoleBinding" }}
metadata:
  name: {{ $name }}
  {{- if not $all }}
  namespace: {{ $namespace }}
  {{- end }}
  labels: {{- include "dpf.labels" (list $ $component) | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $all | ternary "ClusterRole" "Role" }}
  name: {{ $name }}
subjects: {{- include "dpf.subject" $who | nindent 2 }}
{{- end }}
{{- end }}

{{/* Rights in one namespace: (list . "component" .Values.component "rules as YAML" "namespace" "suffix of the name"). */}}
{{- define "dpf.role" -}}
{{- $ := index . 0 }}{{ $component := index . 1 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ include "dpf.fullname" $ }}-{{ $component }}-{{ index . 5 }}
  namespace: {{ index . 4 }}
  labels: {{- include "dpf.labels" (list $ $component) | nindent 4 }}
rules: {{- index . 3 | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ include "dpf.fullname" $ }}-{{ $component }}-{{ index . 5 }}
  namespace: {{ index . 4 }}
  labels: {{- include "dpf.labels" (list $ $component) | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ include "dpf.fullname" $ }}-{{ $component }}-{{ index . 5 }}
subjects: {{- include "dpf.subject" . | nindent 2 }}
{{- end }}

{{/* Rights on what has no namespace: (list . "component" .Values.component "rules as YAML"). */}}
{{- define "dpf.clusterRole" -}}
{{- $ := index . 0 }}{{ $component := index . 1 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ include "dpf.clusterName" $ }}-{{ $component }}
  labels: {{- include "dpf.labels" (list $ $component) | nindent 4 }}
rules: {{- index . 3 | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ include "dpf.clusterName" $ }}-{{ $component }}
  labels: {{- include "dpf.labels" (list $ $component) | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ include "dpf.clusterName" $ }}-{{ $component }}
subjects: {{- include "dpf.subject" . | nindent 2 }}
{{- end }}

{{- define "dpf.subject" -}}
- kind: ServiceAccount
  name: {{ include "dpf.account" . }}
  namespace: {{ include "dpf.namespace" (index . 0) }}
{{- end }}

{{/*
What a flavor or a Bfb refers to, read by name, never listed: (list . "namespace"). Whoever may write a Bfb has its Secret sent to a server of their choice,
so that Secrets of the release's own namespace, where the services' passwords and keys are, must be named one by one.
*/}}
{{- define "dpf.referredRules" -}}
{{- $ := index . 0 }}{{ $references := $.Values.references }}
{{- $own := eq (index . 1) (include "dpf.namespace" $) }}
{{- range $resource, $names := dict "secrets" $references.secrets "configmaps" $references.configMaps }}
{{- if or $names (eq $resource "configmaps") (not $own) }}
- apiGroups: ['']
  resources: [{{ $resource }}]
  verbs: [get]
  {{- if and $names (not (has "*" $names)) }}
  resourceNames: {{ toJson $names }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The admin kubeconfigs of Kamaji, each watched by its name. The scope is an entry of tenantClusters. */}}
{{- define "dpf.tenantRules" -}}
- apiGroups: ['']
  resources: [secrets]
  verbs: [list, watch]
  {{- with .names }}
  resourceNames:
    {{- range . }}
    - {{ . }}-admin-kubeconfig
    {{- end }}
  {{- end }}
{{- end }}
