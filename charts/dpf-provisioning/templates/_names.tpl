{{/* Names and labels. Everything cluster-wide carries the release's name, so that two releases do not meet. */}}

{{- define "dpf.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* At most 40 characters: names of parts are appended. */}}
{{- define "dpf.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "dpf.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "dpf.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Begins the name of what has no namespace: releases of one name in two namespaces do not meet either. */}}
{{- define "dpf.clusterName" -}}
{{- $namespace := include "dpf.namespace" . }}
{{- $fullname := include "dpf.fullname" . }}
{{- eq $namespace $fullname | ternary $fullname (printf "%s-%s" $namespace $fullname) }}
{{- end }}

{{- define "dpf.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/* Labels of an object: (list . "component"). */}}
{{- define "dpf.labels" -}}
{{- $ := index . 0 }}{{ $component := index . 1 -}}
{{ include "dpf.selector" . }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: dpf-provisioning
app.kubernetes.io/managed-by: {{ $.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with $.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The part of the labels that selectors use; it never changes. */}}
{{- define "dpf.selector" -}}
{{- $ := index . 0 -}}
app.kubernetes.io/name: {{ include "dpf.name" $ }}
app.kubernetes.io/instance: {{ $.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* The service account of a component: (list . "dpu-controller" .Values.dpuController). */}}
{{- define "dpf.account" -}}
{{- $ := index . 0 }}{{ $account := (index . 2).serviceAccount -}}
{{- if $account.create -}}
{{- default (printf "%s-%s" (include "dpf.fullname" $) (index . 1)) $account.name }}
{{- else -}}
{{- required (printf "serviceAccount.name is needed where serviceAccount.create is false (%s)" (index . 1)) $account.name }}
{{- end }}
{{- end }}

{{/* The namespaces that are watched, as a JSON list; "*" alone: all. */}}
{{- define "dpf.watched" -}}
{{- if has "*" .Values.watchNamespaces -}}
["*"]
{{- else -}}
{{- .Values.watchNamespaces | default (list (include "dpf.namespace" .)) | uniq | sortAlpha | toJson }}
{{- end }}
{{- end }}

{{/* The namespaces in which Bfbs and flavors may refer to Secrets and ConfigMaps, as a JSON list. */}}
{{- define "dpf.referred" -}}
{{- if .Values.references.namespaces -}}
{{- .Values.references.namespaces | uniq | sortAlpha | toJson }}
{{- else if has "*" .Values.watchNamespaces -}}
{{- list (include "dpf.namespace" .) | toJson }}
{{- else -}}
{{- include "dpf.watched" . }}
{{- end }}
{{- end }}

{{/* The tenant clusters, that of the simulator among them, as a JSON list. */}}
{{- define "dpf.tenants" -}}
{{- $tenants := .Values.tenantClusters }}
{{- with .Values.simulator }}
{{- if .enabled }}
{{- $tenants = append $tenants (dict "namespace" .tenant.namespace "usableFrom" (include "dpf.watched" $ | fromJsonArray) "names" (list .tenant.name)) }}
{{- end }}
{{- end }}
{{- toJson $tenants }}
{{- end }}

{{/* Beginnings of URLs and what they are instead, as a JSON list. */}}
{{- define "dpf.urlRewrites" -}}
{{- $rewrites := .Values.bfbDownloader.urlRewrites }}
{{- if .Values.simulator.enabled }}
{{- $images := printf "http://%s-simulator-images.%s.svc/" (include "dpf.fullname" .) (include "dpf.namespace" .) }}
{{- $rewrites = append $rewrites (dict "from" .Values.simulator.images.insteadOf "to" $images) }}
{{- end }}
{{- toJson $rewrites }}
{{- end }}

{{/* nfd or agent. */}}
{{- define "dpf.discovery" -}}
{{- .Values.discovery | default (ternary "agent" "nfd" .Values.simulator.enabled) }}
{{- end }}
