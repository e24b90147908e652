process.on('SIGTERM', () => process.exit(0));
setInterval(() => undefined, 2 ** 31 - 1);
