# A session with the agent: what comes in goes to its first process, and its answers come back.
# `socat` starts at once, Node takes a tenth of a second; some bases have no way to get the first.
control=${STACKC_AGENT_SOCKET:-/run/stackc/agent.sock}
if command -v socat >/dev/null; then
  # For a first process that is still starting; and nothing that is under way is left without its answer.
  exec socat -b 65536 -t 3600 - "UNIX-CONNECT:$control,retry=250,interval=0.02"
fi
exec node "${0%/*}/agent.mjs" session
