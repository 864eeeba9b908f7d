{{/* Contradictions between values, each with the way out. What one value alone may be, values.schema.json says. */}}
{{- define "boucle.checks" -}}
{{- $values := .Values -}}
{{- if and (eq $values.mode "roles") (not (hasPrefix "s3://" $values.storage.url)) -}}
{{- fail "mode=roles needs storage.url=s3://bucket/prefix: pods on several nodes cannot share a volume. Set it, or mode=single." -}}
{{- end -}}
{{- if and (not $values.storage.url) (or (gt (int $values.roles.all.replicas) 1) $values.roles.all.autoscaling.enabled) -}}
{{- fail "roles.all can have one pod while files lie on a volume. Set roles.all.replicas=1 without autoscaling, or storage.url=s3://bucket/prefix." -}}
{{- end -}}
{{- if not (or $values.secret.create $values.secret.existingSecret) -}}
{{- fail "There is no database: name a Secret with its address in secret.existingSecret, or set secret.create=true and secret.values." -}}
{{- end -}}
{{- if $values.secret.create -}}
{{- $needed := list $values.secret.keys.boucleSecret ($values.postgresql.enabled | ternary $values.secret.keys.postgresPassword $values.secret.keys.databaseUrl) -}}
{{- range $needed -}}
{{- if not (index $values.secret.values .) -}}
{{- fail (printf "secret.create=true also needs secret.values.%s." .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $values.postgresql.enabled (eq $values.mode "roles") -}}
{{- fail "The bundled PostgreSQL is for trials: it has one pod and no backups. Set mode=single, or postgresql.enabled=false and the address of a server in the Secret." -}}
{{- end -}}
{{- include "boucle.checkTraining" . -}}
{{- include "boucle.checkRoles" . -}}
{{- if and $values.ingress.enabled (not $values.ingress.host) -}}
{{- fail "ingress.enabled=true also needs ingress.host." -}}
{{- end -}}
{{- if and $values.ingress.tls.enabled (not $values.ingress.enabled) -}}
{{- fail "ingress.tls.enabled=true has no effect without ingress.enabled=true." -}}
{{- end -}}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.enabled=true also needs httpRoute.parentRefs, the gateways to attach to." -}}
{{- end -}}
{{- if and $values.test.enabled (not $values.test.existingSecret) -}}
{{- fail "test.enabled=true also needs test.existingSecret, with email and password of a user with the role ENGINEER." -}}
{{- end -}}
{{- end -}}

{{- define "boucle.checkTraining" -}}
{{- $sagemaker := .Values.training.sagemaker -}}
{{- if eq .Values.training.backend "sagemaker" -}}
{{- if not $sagemaker.roleArn -}}
{{- fail "training.backend=sagemaker also needs training.sagemaker.roleArn, the execution role of training jobs." -}}
{{- end -}}
{{- if not $sagemaker.image -}}
{{- fail "training.backend=sagemaker also needs training.sagemaker.image, the image's target `sagemaker` in ECR." -}}
{{- end -}}
{{- if not (hasPrefix "s3://" .Values.storage.url) -}}
{{- fail "training.backend=sagemaker also needs storage.url=s3://bucket/prefix: jobs read and write there." -}}
{{- end -}}
{{- if and $sagemaker.subnets (not $sagemaker.securityGroups) -}}
{{- fail "training.sagemaker.subnets also needs training.sagemaker.securityGroups." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "boucle.checkRoles" -}}
{{- $values := .Values -}}
{{- range $name := splitList " " (include "boucle.roles" .) -}}
{{- $role := index $values.roles $name -}}
{{- if and $role.autoscaling.enabled (gt (int $role.autoscaling.minReplicas) (int $role.autoscaling.maxReplicas)) -}}
{{- fail (printf "roles.%s.autoscaling.minReplicas is above its maxReplicas." $name) -}}
{{- end -}}
{{- if and (eq $values.aws.identity "irsa") (not $role.roleArn) -}}
{{- fail (printf "aws.identity=irsa also needs roles.%s.roleArn." $name) -}}
{{- end -}}
{{- if and $role.roleArn (ne $values.aws.identity "irsa") -}}
{{- fail (printf "roles.%s.roleArn has no effect without aws.identity=irsa." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
