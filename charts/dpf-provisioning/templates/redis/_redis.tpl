{{- define "dpf.redisUsers" -}}
["dpuset-controller", "dpu-controller", "bfb-downloader", "dms-agent"]
{{- end }}

{{/* Rules of the users, those of libs/queue/src/acl.ts: (list . "dms-agent"). A test compares them. */}}
{{- define "dpf.redisRules" -}}
{{- $ := index . 0 }}{{ $prefix := $.Values.redis.prefix }}
{{- $consumer := "-@all +auth +ping +select +client|setname +eval +evalsha +del +exists +pexpire +pttl +rename +get +set +incr +hdel +hexists +hget +hgetall +hincrby +hmget +hmset +hset +lindex +llen +lpush +lrange +lrem +ltrim +rpop +rpoplpush +rpush +sadd +scard +smembers +srem +bzpopmin +zadd +zcard +zpopmin +zrange +zrangebyscore +zrem +zrevrange +zrevrangebyscore +zscore +xadd +xtrim" }}
{{- if eq (index . 1) "dms-agent" -}}
resetkeys ~{{ $prefix }}:dms-* resetchannels {{ $consumer }}
{{- else -}}
resetkeys ~{{ $prefix }}:* resetchannels {{ $consumer }} +lpos +persist +time +info
{{- end }}
{{- end }}

{{/* What the Pods read of Redis at their start. */}}
{{- define "dpf.redisState" -}}
{{- include "dpf.generate" . }}
{{- toJson (pick .Values.redis "enabled" "external" "prefix") }} {{ dig "passwords" "" .Values.made | toJson }} {{ dig "ca" "" .Values.made }}
{{- end }}

{{- define "dpf.redisConf" -}}
port 0
tls-port 6379
tls-cert-file /etc/dpf/redis/tls/tls.crt
tls-key-file /etc/dpf/redis/tls/tls.key
tls-auth-clients no
aclfile /etc/dpf/redis/acl/users.acl
protected-mode no
dir /data
save ""
appendonly yes
maxclients {{ .Values.redis.maxClients }}
# A wake-up that is evicted would be lost; a write that is refused is tried again.
maxmemory-policy noeviction
{{- with include "dpf.memoryShare" .Values.redis.resources }}
maxmemory {{ . }}mb
{{- end }}
{{- end }}
