# frozen_string_literal: true

# Where to listen is said on the command line: -l PATH.
worker_processes Integer(ENV.fetch('WORKERS', '2'))
timeout 30
# The application is loaded after the socket is bound, as by default: for a while a connection is
# accepted by the kernel and answered by nobody, which is what a readiness check has to see through.
preload_app false
# The master binds in a directory that belongs to root; what serves requests does not run as root.
user 'www-data', 'www-data' if Process.euid.zero?
