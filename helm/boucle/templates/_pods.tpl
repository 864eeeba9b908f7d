{{/* The `restricted` standard, for pods and containers. Takes the user's id. */}}
{{- define "boucle.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "boucle.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* What every pod of ours starts with. Takes a dict of `root` and `serviceAccount`. */}}
{{- define "boucle.podBasics" -}}
serviceAccountName: {{ .serviceAccount }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- include "boucle.podSecurity" 10001 | nindent 2 }}
{{- end -}}

{{/* A container of the program without its name and arguments. Takes the root. */}}
{{- define "boucle.program" -}}
image: {{ include "boucle.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{- include "boucle.containerSecurity" . | nindent 2 }}
{{- end -}}

{{/* Waits for the bundled PostgreSQL, which starts together with us, and brings its schema up to date. */}}
{{- define "boucle.migrateInPod" -}}
- name: migrate
  {{- include "boucle.program" . | nindent 2 }}
  command: [sh, -c]
  args:
    - |
      tries=60
      until node dist/main.js migrate; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || exit 1
        sleep 3
      done
  env: {{- include "boucle.environment" (dict "root" . "secret" (include "boucle.secretName" .)) | nindent 4 }}
  resources: {{- toYaml .Values.migration.resources | nindent 4 }}
  volumeMounts:
    - { name: scratch, mountPath: /tmp }
{{- end -}}
