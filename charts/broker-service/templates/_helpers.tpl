{{/* The name of the workload: Kubernetes takes no underscore. */}}
{{- define "service.name" -}}
{{ .Values.service | replace "_" "-" }}
{{- end }}

{{/* What the service's variables begin with. */}}
{{- define "service.prefix" -}}
{{ .Values.service | upper }}_
{{- end }}

{{- define "service.selector" -}}
app.kubernetes.io/name: {{ include "service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "service.labels" -}}
{{ include "service.selector" . }}
app.kubernetes.io/part-of: tradeloom
app.kubernetes.io/version: {{ include "service.tag" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "service.globalImage" -}}
{{- $global := .Values.global | default dict -}}
{{ $global.image | default dict | toJson }}
{{- end }}

{{- define "service.tag" -}}
{{- $global := include "service.globalImage" . | fromJson -}}
{{ required "image.tag or global.image.tag is required: say which build to run" (.Values.image.tag | default $global.tag) }}
{{- end }}

{{- define "service.image" -}}
{{- $global := include "service.globalImage" . | fromJson -}}
{{ $global.repository | default .Values.image.repository }}:{{ include "service.tag" . }}
{{- end }}

{{/* One variable from a secret: (dict "name" … "secret" … "key" …). */}}
{{- define "service.secretVariable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}
{{- end }}

{{- define "service.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "service.environment" -}}
{{- $prefix := include "service.prefix" . -}}
- {name: {{ $prefix }}ADDRESS, value: "0.0.0.0:50051"}
- {name: {{ $prefix }}METRICS_ADDRESS, value: "0.0.0.0:9090"}
- {name: {{ $prefix }}DRAIN_S, value: {{ .Values.drainSeconds | quote }}}
- {name: {{ $prefix }}GRACE_S, value: {{ .Values.graceSeconds | quote }}}
# gRPC's older event loop: less than half the latency of a stream.
- {name: GRPC_EXPERIMENTS, value: "-event_engine_client,-event_engine_listener"}
{{- range .Values.calls }}
- name: {{ $prefix }}{{ . | upper }}_ADDRESS
  value: {{ printf "%s.%s.svc.cluster.local:50051" (replace "_" "-" .) $.Release.Namespace | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $prefix }}{{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- if .Values.database }}
{{ include "service.secretVariable" (dict "name" (print $prefix "POSTGRES_URL") "secret" (print (include "service.name" .) "-postgres") "key" "url") }}
{{- end }}
{{- if .Values.bus }}
{{ include "service.secretVariable" (dict "name" (print $prefix "BUS_URL") "secret" "bus" "key" "url") }}
{{- end }}
{{- range $name, $source := .Values.secretSettings }}
{{ include "service.secretVariable" (dict "name" (print $prefix $name) "secret" $source.secret "key" $source.key) }}
{{- end }}
{{- end }}

{{- define "service.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .Values.files }}
- {name: files, mountPath: /etc/tradeloom/files, readOnly: true}
{{- end }}
{{- range $folder, $secret := .Values.secretFiles }}
- {name: secret-{{ $folder }}, mountPath: /etc/tradeloom/secrets/{{ $folder }}, readOnly: true}
{{- end }}
{{- if .Values.stateful }}
- {name: state, mountPath: {{ required "storage.path is required for a stateful service" .Values.storage.path }}}
{{- end }}
{{- end }}

{{- define "service.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- if .Values.files }}
- name: files
  configMap: {name: {{ include "service.name" . }}-files}
{{- end }}
{{- range $folder, $secret := .Values.secretFiles }}
- name: secret-{{ $folder }}
  secret: {secretName: {{ $secret }}, defaultMode: 0440}
{{- end }}
{{- end }}
