{{/* The agent of a simulated host: its hardware is the simulator's tree, and what it grants real hardware is shortened as that is. */}}
{{- define "dpf.simulator.agentEnv" -}}
{{- $dir := .Values.simulator.dir }}{{ $speed := int .Values.simulator.speed -}}
- name: HOST_ROOT
  value: {{ $dir }}/hosts/$(NODE_NAME)
- name: TOOL_PATH
  value: {{ $dir }}/state/$(NODE_NAME)/bin
- name: LOG_POLL_MS
  value: '200'
- name: READY_GRACE_SECONDS
  value: {{ max 2 (div 90 $speed) | quote }}
- name: ARM_OFF_SECONDS
  value: {{ max 4 (div 150 $speed) | quote }}
{{- if eq .Values.simulator.reboot "simulated" }}
- name: RESET_LANDING_SECONDS
  value: {{ max 20 (div 600 $speed) | quote }}
{{- end }}
{{- end }}

{{/* A host that is down runs no agent. */}}
{{- define "dpf.simulator.agentCommand" -}}
command: [bash, -c, 'until [ -e "$HOST_ROOT/proc/uptime" ]; do sleep 0.5; done; exec node main.mjs']
{{- end }}
