{{- define "boucle.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- (contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name)) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What never changes about the pods of a component. Takes a dict of `root` and `component`. */}}
{{- define "boucle.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "boucle.labels" -}}
{{ include "boucle.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Names of the roles that are deployed, separated by spaces. */}}
{{- define "boucle.roles" -}}
{{- eq .Values.mode "single" | ternary "all" "api predictor worker scheduler" -}}
{{- end -}}

{{/* The role that serves what `want` would: in mode `single` all do. Takes a dict of `root` and `want`. */}}
{{- define "boucle.server" -}}
{{- printf "%s-%s" (include "boucle.fullname" .root) (eq .root.Values.mode "single" | ternary "all" .want) -}}
{{- end -}}

{{- define "boucle.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "boucle.secretName" -}}
{{- .Values.secret.create | ternary (include "boucle.fullname" .) .Values.secret.existingSecret -}}
{{- end -}}

{{/* Pods that keep files on a volume. */}}
{{- define "boucle.hasVolume" -}}
{{- if not .Values.storage.url }}true{{ end -}}
{{- end -}}
