// Loaded before each app: writes Node's compile cache once the app has had time to load. Otherwise only a clean exit writes it, and an app
// that is killed would start slowly for ever.
import { flushCompileCache } from 'node:module';

const LOADED_MS = 4_000;
setTimeout(flushCompileCache, LOADED_MS).unref();
