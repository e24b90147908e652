// Loaded before a program: writes its peak resident memory in kB to PEAK_FILE when it ends.
const { writeFileSync } = require('node:fs');

process.on('exit', () => writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)));
