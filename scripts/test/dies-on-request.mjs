// Loaded before each app of a test: a request with the header `x-die` ends the process, whichever listener it came to. No such request is known;
// what one would do to the others is what the test shows. Writes down the ports that the app listens on.
import { appendFileSync } from 'node:fs';
import { Server } from 'node:http';
import { basename, dirname, join } from 'node:path';

const app = basename(dirname(dirname(process.argv[1] ?? '')));
const emit = Server.prototype.emit;
Server.prototype.emit = function (event, ...rest) {
  if (event === 'listening') appendFileSync(join(process.env['ONSALE_DATA'], 'listeners'), `${app} ${this.address().port}\n`);
  const marked = (event === 'request' || event === 'upgrade') && rest[0].headers['x-die'] !== undefined;
  if (marked) setImmediate(() => { throw new Error('a request that ends the process'); });
  return emit.call(this, event, ...rest);
};
