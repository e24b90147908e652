worker_processes 2
timeout 60
preload_app false
