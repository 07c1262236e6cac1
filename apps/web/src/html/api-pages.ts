import {
  API_PREFIX, closeCodes, openApiOf, problems, refusalsOf, routes, socketRoutes, type Json, type Language, type Need, type Route, type SocketRoute,
} from '@onsale/contract';
import type { PageAssets } from '../gateway/assets.ts';
import { html, type Html } from './escape.ts';
import { shellPage } from './shell.ts';

/*
 * The API to read, made of the contract like the OpenAPI documents it points to. For programmers, so in English; what a fan reads of a refusal
 * stands in both languages.
 */

const APIS: readonly { readonly api: Route['api']; readonly title: string; readonly about: string }[] = [
  { api: 'admission', title: 'Waiting room', about: 'The line of a room: join, wait, be called, enter.' },
  { api: 'booking', title: 'Booking', about: 'Seats, orders and tickets, for holders of an entry token.' },
  { api: 'ops', title: 'Operations', about: 'Served on the address of the operators, not on this one.' },
];
const PROOF: Readonly<Record<Need, string>> = {
  nothing: 'none',
  identity: 'clientKey in the body, or the device cookie',
  receipt: 'the receipt as Bearer, or the device cookie',
  'entry-token': 'the entry token in the body, from the client that joined',
  session: 'the session as Bearer, on writes with x-client-key; or both cookies',
  holder: 'the device cookie or x-client-key',
  'order-key': 'x-order-key; or the device cookie or x-client-key of the buyer',
  operator: 'the operator’s token as Bearer',
  internal: 'the internal secret',
};

export function docsPage(language: Language, assets: PageAssets): string {
  const body = html`<div class="wide docs" lang="en">
    <h1>API</h1>
    <p class="lead">JSON over HTTP. Every refusal is a problem (RFC 9457) with a <a href="/problems">code</a>; 503 and 429 say when to try again.</p>
    <ul>${APIS.map(({ api, title }) => html`<li><a href="#${api}">${title}</a>${document(api)}</li>`)}</ul>
    <p>A program's way: join, ask for the own place after <code>pollAfterMs</code> until it is <code>called</code>, enter, open a session, hold seats, place
      an order, open a payment, confirm it. What makes something takes an <code>Idempotency-Key</code>: the same key and request are answered the same.</p>
    ${APIS.map(({ api, title, about }) => section(api, title, about))}
    <h2 id="close-codes">Close codes of sockets</h2>
    ${table(['Code', 'Meaning', 'Come back'], CLOSES.map((cells) => cells.map((cell) => html`${cell}`)))}
  </div>`;
  return shellPage({ language, title: 'API', page: 'docs', assets, scripted: false, body });
}

export function problemsPage(language: Language, assets: PageAssets): string {
  return shellPage({ language, title: 'Refusals', page: 'docs', assets, scripted: false, body: refusals() });
}

/** What the `type` of every problem leads to, on each origin that answers with problems. */
export function refusals(): Html {
  const rows = Object.entries(problems).map(([code, { status, retry, en, ko }]) => [
    html`<code id="${code}">${code}</code>`, html`${status}`, html`${RETRY[retry]}`, html`${en}<br /><span lang="ko">${ko}</span>`,
  ]);
  return html`<div class="wide docs" lang="en">
    <h1>Refusals</h1>
    <p class="lead">The <code>code</code> of a problem names one meaning with one status. When several apply, overload comes first, then the form of the
      request, then who asks, then what is asked for.</p>
    ${table(['Code', 'Status', 'The same request again', 'Text'], rows)}
  </div>`;
}

const CLOSES = Object.values(closeCodes).map(({ code, meaning, reconnect }) => [code, meaning, reconnect]);
const RETRY = { never: 'is refused again', later: 'may succeed after retryAfterMs', changed: 'is refused; another one may succeed' } as const;

const document = (api: Route['api']): Html => {
  const address = `${API_PREFIX[api]}/docs/json`;
  return api === 'ops' ? html` · <code>${address}</code> there` : html` · <a href="${address}">OpenAPI 3.1</a>`;
};

/** The parts of a document that are read here. */
type Described = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly requestBody?: Content; readonly responses: Readonly<Record<string, Content>> }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
  readonly 'x-sockets'?: readonly { readonly id: string; readonly client: Json; readonly server: Json }[];
};
type Content = { readonly content?: Readonly<Record<string, { readonly schema: Json }>> };

function section(api: Route['api'], title: string, about: string): Html {
  const described = openApiOf(api, { title, description: about, version: '1' }) as unknown as Described;
  return html`<section id="${api}" aria-label="${title}">
    <h2>${title}</h2>
    <p>${about} Everything stands below <code>${API_PREFIX[api]}</code>.</p>
    ${routes.filter((route) => route.api === api).map((route) => operation(route, described))}
    ${socketRoutes.filter((socket) => socket.api === api).map((one) => socket(one, described))}
    <h3 id="${api}-shapes">Shapes</h3>
    ${Object.entries(described.components.schemas).map(([name, schema]) => html`<h4 id="${api}-${name}">${name}</h4>${shape(api, schema)}`)}
  </section>`;
}

function operation(route: Route, { paths }: Described): Html {
  const { api, method, path, id, summary, needs, idempotent = false, reply, statuses = [reply === undefined ? 204 : 200] } = route;
  const described = paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
  const schemaOf = (part: Content | undefined): Json | undefined => part?.content?.['application/json']?.schema;
  const takes = schemaOf(described?.requestBody);
  const gives = schemaOf(described?.responses[String(statuses[0])]);
  return html`<h3 id="${api}-${id}">${method} ${path}</h3>
    <p>${summary}.</p>
    ${table(['', ''], [
      [html`Proof`, html`${PROOF[needs]}${idempotent ? '; Idempotency-Key' : ''}`],
      ...(takes === undefined ? [] : [[html`Takes`, typeOf(api, takes)]]),
      [html`Answers`, html`${statuses.join(' or ')} ${gives === undefined ? null : typeOf(api, gives)}`],
      [html`Refuses`, html`${refusalsOf(route).map((code) => html`<a href="/problems#${code}">${code}</a> `)}`],
    ], false)}`;
}

function socket({ api, path, id, summary }: SocketRoute, { 'x-sockets': sockets = [] }: Described): Html {
  const described = sockets.find((one) => one.id === id);
  return html`<h3 id="${api}-${id}">WebSocket ${path}</h3>
    <p>${summary}. The client greets within 5 s; a refused handshake is an HTTP problem, later refusals are a message and a
      <a href="#close-codes">close code</a>.</p>
    ${table(['', ''], [
      [html`Client`, described === undefined ? html`` : typeOf(api, described.client)],
      [html`Server`, described === undefined ? html`` : typeOf(api, described.server)],
    ], false)}`;
}

function table(heads: readonly string[], rows: readonly (readonly Html[])[], withHead = true): Html {
  return html`<div class="docs-scroll"><table class="docs-table">
    ${withHead ? html`<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>` : null}
    <tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function shape(api: Route['api'], schema: Json): Html {
  const { properties, required = [], description } = schema as {
    readonly properties?: Readonly<Record<string, Json>>; readonly required?: readonly string[]; readonly description?: string;
  };
  const told = description === undefined ? null : html`<p>${description}</p>`;
  if (properties === undefined) return html`${told}<p>${typeOf(api, schema)}</p>`;
  const rows = Object.entries(properties).map(([name, member]) => [
    html`<code>${name}</code>${required.includes(name) ? '' : ' ?'}`, html`${typeOf(api, member)}${bounds(member)}`,
  ]);
  return html`${told}${table(['Member', 'Type'], rows)}`;
}

/** A schema in one line; named ones are links. */
function typeOf(api: Route['api'], schema: Json): Html {
  const { $ref, enum: words, const: only, anyOf, prefixItems, items, type, properties } = schema as {
    readonly $ref?: string; readonly enum?: readonly string[]; readonly const?: unknown; readonly anyOf?: readonly Json[];
    readonly prefixItems?: readonly Json[]; readonly items?: Json; readonly type?: string; readonly properties?: Readonly<Record<string, Json>>;
  };
  if ($ref !== undefined) {
    const name = $ref.split('/').at(-1) as string;
    return html`<a href="#${api}-${name}"><code>${name}</code></a>`;
  }
  if (words !== undefined) return html`${joined(words.map((word) => html`<code>${word}</code>`), ' | ')}`;
  if (only !== undefined) return html`<code>${JSON.stringify(only)}</code>`;
  if (anyOf !== undefined) return html`${joined(anyOf.map((option) => typeOf(api, option)), ' | ')}`;
  if (prefixItems !== undefined) return html`[${joined(prefixItems.map((item) => typeOf(api, item)), ', ')}]`;
  if (items !== undefined) return html`list of ${typeOf(api, items)}`;
  if (properties === undefined) return html`${type ?? 'anything'}`;
  return html`{ ${joined(Object.entries(properties).map(([name, member]) => html`<code>${name}</code>: ${typeOf(api, member)}`), ', ')} }`;
}

const joined = (parts: readonly Html[], between: string): Html[] => parts.flatMap((part, at) => (at === 0 ? [part] : [html`${between}`, part]));

const BOUNDS = { minimum: '≥', maximum: '≤', minLength: 'characters ≥', maxLength: 'characters ≤', minItems: 'items ≥', maxItems: 'items ≤' } as const;
function bounds(schema: Json): string {
  const told = Object.entries(BOUNDS).flatMap(([key, text]) => (schema[key] === undefined ? [] : [`${text} ${String(schema[key])}`]));
  return told.length === 0 ? '' : ` (${told.join(', ')})`;
}
