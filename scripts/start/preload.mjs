// Loaded before each app that the launcher starts: what makes the next start fast.
import { flushCompileCache, registerHooks } from 'node:module';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Writes Node's compile cache once the app has had time to load. Otherwise only a clean exit writes it, and an app that is killed would start
// slowly for ever.
const LOADED_MS = 4_000;
setTimeout(flushCompileCache, LOADED_MS).unref();

// one-file-libraries.ts says why.
const folder = process.env['ONSALE_LIBRARIES'];
if (folder) {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'typebox' && !specifier.startsWith('typebox/')) return next(specifier, context);
      const file = join(folder, `${specifier.replace('/', '-')}.mjs`);
      return existsSync(file) ? { url: pathToFileURL(file).href, format: 'module', shortCircuit: true } : next(specifier, context);
    },
  });
}
