# frozen_string_literal: true

require_relative 'app'

$stdout.sync = true
sleep Float(ENV['BOOT_DELAY']) unless ENV['BOOT_DELAY'].to_s.empty?
run App.new
