{{/* The pod. Kubernetes sets no variables for services in it: one such as OMS_PORT would be an unknown setting of oms. */}}
{{- define "service.pod" -}}
metadata:
  labels:
    {{- include "service.labels" . | nindent 4 }}
    sidecar.istio.io/inject: "true"
  annotations:
    prometheus.io/scrape: "true"
    prometheus.io/port: "9090"
    # The sidecar outlives the service's own drain.
    proxy.istio.io/config: '{"terminationDrainDuration": "{{ add .Values.drainSeconds .Values.graceSeconds }}s"}'
    {{- if .Values.files }}
    checksum/files: {{ .Values.files | toJson | sha256sum }}
    {{- end }}
spec:
  serviceAccountName: {{ include "service.name" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add .Values.drainSeconds .Values.graceSeconds 10 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: {type: RuntimeDefault}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "service.selector" $ | nindent 10 }}
      {{- if not $.Values.stateful }}
      matchLabelKeys: [pod-template-hash]
      {{- end }}
    {{- end }}
  {{- if .Values.database }}
  initContainers:
    # The owner of the schema changes it; the service itself never has the owner's URL.
    - name: migrate
      image: {{ include "service.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [python, -c]
      args:
        - |
          import asyncio, os, pathlib
          from services.kit.postgres import migrate
          asyncio.run(migrate(os.environ["OWNER_URL"], "{{ .Values.service }}", pathlib.Path("services/{{ .Values.service }}/sql")))
      env:
        {{- include "service.secretVariable" (dict "name" "OWNER_URL" "secret" (print (include "service.name" .) "-postgres-owner") "key" "url") | nindent 8 }}
      securityContext:
        {{- include "service.containerSecurity" . | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
  {{- end }}
  containers:
    - name: service
      image: {{ include "service.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [python, -m, services.{{ .Values.service }}]
      env:
        {{- include "service.environment" . | nindent 8 }}
      ports:
        - {name: grpc, containerPort: 50051}
        - {name: http-metrics, containerPort: 9090}
        {{- range .Values.extraPorts }}
        - {name: {{ .name }}, containerPort: {{ .port }}}
        {{- end }}
      # Ready once it serves; not ready from the moment it is told to stop.
      startupProbe:
        grpc: {port: 50051}
        periodSeconds: 2
        failureThreshold: 60
      readinessProbe:
        grpc: {port: 50051}
        periodSeconds: 5
        timeoutSeconds: 2
        failureThreshold: 2
      livenessProbe:
        grpc: {port: 50051}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      securityContext:
        {{- include "service.containerSecurity" . | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "service.mounts" . | nindent 8 }}
  volumes:
    {{- include "service.volumes" . | nindent 4 }}
{{- end }}
