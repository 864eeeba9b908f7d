{{/* The environment of every container that runs the program. Takes a dict of `root` and the name of the `secret`. */}}
{{- define "boucle.environment" -}}
{{- $secret := .secret -}}
{{- with .root -}}
{{- $keys := .Values.secret.keys -}}
- { name: NODE_ENV, value: production }
- { name: HOST, value: 0.0.0.0 }
- { name: PORT, value: '3000' }
- { name: LOG_FORMAT, value: json }
- { name: BOUCLE_HOME, value: /tmp/boucle }
{{- if .Values.postgresql.enabled }}
- name: POSTGRES_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ $keys.postgresPassword }} } }
- { name: DATABASE_URL, value: 'postgres://boucle:$(POSTGRES_PASSWORD)@{{ include "boucle.fullname" . }}-postgresql:5432/boucle' }
{{- else }}
- name: DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ $keys.databaseUrl }} } }
{{- with $keys.databaseDirectUrl }}
- name: DATABASE_DIRECT_URL
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }} } }
{{- end }}
{{- end }}
- name: BOUCLE_SECRET
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ $keys.boucleSecret }} } }
- { name: DATABASE_POOL_SIZE, value: {{ .Values.database.poolSize | quote }} }
- { name: AWS_REGION, value: {{ .Values.aws.region | quote }} }
{{ include "boucle.storageEnvironment" .Values.storage }}
{{- if eq .Values.training.backend "sagemaker" }}
{{ include "boucle.sagemakerEnvironment" .Values.training.sagemaker }}
{{- end }}
{{- if or .Values.ingress.enabled .Values.httpRoute.enabled }}
- { name: TRUST_PROXY, value: {{ .Values.ingress.trustedProxies | quote }} }
{{- end }}
{{- range $name, $value := .Values.settings }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}
{{- end -}}

{{- define "boucle.storageEnvironment" -}}
- { name: STORAGE_URL, value: {{ default "file:///var/lib/boucle/objects" .url | quote }} }
{{- with .s3.endpoint }}
- { name: AWS_ENDPOINT_URL_S3, value: {{ . | quote }} }
{{- end }}
{{- with .s3.forcePathStyle }}
- { name: S3_FORCE_PATH_STYLE, value: {{ . | quote }} }
{{- end }}
{{- with .s3.encryption }}
- { name: S3_ENCRYPTION, value: {{ . | quote }} }
{{- end }}
{{- with .s3.kmsKeyId }}
- { name: S3_KMS_KEY_ID, value: {{ . | quote }} }
{{- end }}
{{- with .s3.existingSecret }}
{{- $secret := . }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }} } }
{{- end }}
{{- end }}
{{- end -}}

{{- define "boucle.sagemakerEnvironment" -}}
- { name: TRAINING_BACKEND, value: sagemaker }
- { name: SAGEMAKER_ROLE_ARN, value: {{ .roleArn | quote }} }
- { name: SAGEMAKER_IMAGE, value: {{ .image | quote }} }
- { name: SAGEMAKER_INSTANCE_TYPES, value: {{ join "," .instanceTypes | quote }} }
- { name: SAGEMAKER_SPOT, value: {{ .spot | quote }} }
{{- with .subnets }}
- { name: SAGEMAKER_SUBNETS, value: {{ join "," . | quote }} }
{{- end }}
{{- with .securityGroups }}
- { name: SAGEMAKER_SECURITY_GROUPS, value: {{ join "," . | quote }} }
{{- end }}
{{- with .kmsKeyId }}
- { name: SAGEMAKER_KMS_KEY_ID, value: {{ . | quote }} }
{{- end }}
{{- end -}}
