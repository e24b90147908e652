// In the place of what dockerode loads for features that the agent does not use: loaded and called without any effect.
const nothing = new Proxy(function unused() {}, { get: () => nothing, apply: () => nothing });
module.exports = nothing;
