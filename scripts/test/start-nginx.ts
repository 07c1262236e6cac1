import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '@onsale/services';
import { until, type TestContext } from '@onsale/testing';
import { Agent, request } from 'undici';

// The template of the image, filled in as its start script does, in a real nginx before whatever servers a test names.

const IMAGES = resolve(import.meta.dirname, '../images');
/** NGINX_BINARY: one that is not installed, such as one from an unpacked package. */
const unpacked = resolve(import.meta.dirname, '../../.data/nginx/usr/sbin/nginx');
const candidates = [process.env['NGINX_BINARY'], '/usr/sbin/nginx', '/opt/homebrew/bin/nginx', unpacked];
const nginx = candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
const isThere = nginx !== undefined && spawnSync('openssl', ['version']).status === 0;
export const skipWithoutNginx = isThere ? false : 'no nginx or no openssl on this machine: install both, or say NGINX_BINARY=path';
/**
 * A crowd of requests goes over these. With a connection for each request, one thread here shook hands for seconds before it sent the first,
 * and nginx let go of all of them (client_header_timeout).
 */
const CONNECTIONS = 64;
export const HOSTS = { PUBLIC_HOST: 'tickets.test', OPS_HOST: 'ops.test' };

export type Asked = {
  readonly host?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** The client's own address: one of 127.0.0.0/8. */
  readonly from?: string;
};
/** Where the servers behind it listen, and what else of the template a test changes. */
export type Behind = {
  readonly web: number;
  readonly admission: number;
  readonly booking: readonly number[];
  readonly ops: number;
  readonly changes?: readonly (readonly [string | RegExp, string])[];
};

/** Replaces what only fits the image; a text that is not there would be a test of nothing. */
function fitted(text: string, changes: readonly (readonly [string | RegExp, string])[]): string {
  return changes.reduce((done, [from, to]) => {
    const next = done.replaceAll(from instanceof RegExp ? new RegExp(from, 'g') : from, to);
    if (next === done) throw new Error(`the template has no ${String(from)}`);
    return next;
  }, text);
}

function hasHttp2Directive(): boolean {
  const [, major = '0', minor = '0'] = /nginx\/(\d+)\.(\d+)/.exec(spawnSync(nginx as string, ['-v'], { encoding: 'utf8' }).stderr) ?? [];
  return Number(major) > 1 || Number(minor) > 25;
}

export async function startNginx(t: TestContext, { web, admission, booking, ops, changes = [] }: Behind) {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-nginx-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { crt, key, ca } = makeCertificate(folder);
  const [plain, secure, operators] = [await freePort(), await freePort(), await freePort()];
  const server = (port: number): string => `server 127.0.0.1:${port};`;
  const config = fitted(readFileSync(join(IMAGES, 'nginx.conf.template'), 'utf8'), [
    ['${PUBLIC_HOST}', HOSTS.PUBLIC_HOST], ['${OPS_HOST}', HOSTS.OPS_HOST],
    ['/run/secrets/tls_certificate', crt], ['/run/secrets/tls_key', key],
    [/listen 80(?= |;)/, `listen 127.0.0.1:${plain}`],
    // Debian 12 has nginx 1.22, where http2 was a word of `listen`.
    ...([[443, secure], [8443, operators]] as const).map(([from, to]): readonly [string | RegExp, string] => (
      hasHttp2Directive()
        ? [`listen ${from} ssl;`, `listen 127.0.0.1:${to} ssl;`]
        : [new RegExp(`listen ${from} ssl;\\s+http2 on;`), `listen 127.0.0.1:${to} ssl http2;`]
    )),
    ['listen 443 ssl default_server;', `listen 127.0.0.1:${secure} ssl default_server;`], ['${OPS_ALLOW}', 'allow 127.0.0.1;'],
    ['server web:3000 resolve;', server(web)], ['server admission:3000 resolve;', server(admission)], ['server ops:3000 resolve;', server(ops)],
    ['server booking:3000 resolve;', booking.map(server).join(' ')],
    ...changes,
  ]);
  await run(t, folder, config);
  const agents = new Map<string, Agent>();
  const agentOf = (host: string, from: string | undefined): Agent => {
    const name = `${host} ${from}`;
    const own = from === undefined ? {} : { localAddress: from };
    const agent = agents.get(name) ?? new Agent({ connections: CONNECTIONS, connect: { ca, servername: host }, ...own });
    agents.set(name, agent);
    return agent;
  };
  t.teardown(() => Promise.all([...agents.values()].map((agent) => agent.close())));
  const ask = async (path: string, { host = HOSTS.PUBLIC_HOST, body, method = body === undefined ? 'GET' : 'POST', headers = {}, from }: Asked = {}) => {
    const reply = await request(`https://127.0.0.1:${host === HOSTS.OPS_HOST ? operators : secure}${path}`, {
      dispatcher: agentOf(host, from), method: method as 'GET', headers: { host, ...headers }, ...(body === undefined ? {} : { body }),
    });
    return { status: reply.statusCode, headers: reply.headers, text: await reply.body.text() };
  };
  await until('nginx answers', () => ask('/up').then(() => true, () => false));
  return { ask, plain, secure, operators, ca };
}

function makeCertificate(folder: string): { readonly crt: string; readonly key: string; readonly ca: string } {
  const [crt, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const names = `subjectAltName=${Object.values(HOSTS).map((host) => `DNS:${host}`).join(',')}`;
  const about = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=onsale', '-addext', names];
  const made = spawnSync('openssl', ['req', '-x509', ...about, '-keyout', key, '-out', crt], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  return { crt, key, ca: readFileSync(crt, 'utf8') };
}

async function run(t: TestContext, folder: string, config: string): Promise<void> {
  const [conf, filledIn] = [join(folder, 'nginx.conf'), join(folder, 'default.conf')];
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ');
  writeFileSync(filledIn, config);
  writeFileSync(conf, fitted(readFileSync(join(IMAGES, 'nginx.conf'), 'utf8'), [
    ['/run/nginx.pid', join(folder, 'pid')], ['include      /etc/nginx/mime.types;', temporary], ['/etc/nginx/conf.d/*.conf', filledIn],
    ['worker_connections 65536;', 'worker_connections 4096;'], ['worker_rlimit_nofile 131072;', ''],
  ]));
  const errors = ['-e', join(folder, 'errors')];
  const parsed = spawnSync(nginx as string, [...errors, '-t', '-c', conf], { encoding: 'utf8' });
  if (parsed.status !== 0) throw new Error(parsed.stderr);
  const child = spawn(nginx as string, [...errors, '-c', conf, '-g', 'daemon off; master_process off;'], { stdio: 'ignore' });
  const ended = new Promise((done) => child.once('exit', done));
  t.teardown(async () => {
    child.kill();
    await ended;
  });
}
