/**
 * Preload for node-tap under Deno: tap recognises a V8 call site by the name of its constructor,
 * which Deno's call sites do not have.
 */
const { prepareStackTrace } = Error;
Error.prepareStackTrace = (_error, callSites) => callSites;
const callSites: unknown = new Error().stack;
Error.prepareStackTrace = prepareStackTrace;

if (Array.isArray(callSites) && callSites[0]) {
  const value = class CallSite {};
  Object.defineProperty(Object.getPrototypeOf(callSites[0]), "constructor", { value, configurable: true });
}
