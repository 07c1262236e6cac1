/**
 * The life of a page, the same for every page:
 *
 *   seen ⇄ hidden      another tab, a locked phone; `freeze` and `resume` where the browser stops a hidden page altogether
 *   left ⇄ kept        another page took its place; the browser keeps this one whole in memory (bfcache) and may bring it back with Back
 *   online ⇄ offline
 *
 * A page that comes back stands where it stood: its clocks have run on, its requests are lost, what it shows is old. `wake` says that it must
 * ask again; `kept`, that it was left in between, so no press is under way any more. `rest` comes as the page is left: sockets, locks and
 * channels are given up then, because a browser does not keep a page that has any. Freezing alone is no reason to: an open socket is what
 * keeps a fan's place alive on a phone in a pocket.
 */
export type Waking = 'kept' | 'seen' | 'online';
export type Life = {
  readonly wake: (how: Waking) => void;
  readonly rest?: () => void;
  readonly offline?: () => void;
};

export function watchLife({ wake, rest, offline }: Life): void {
  document.addEventListener('visibilitychange', () => document.hidden || wake('seen'));
  document.addEventListener('resume', () => document.hidden || wake('seen'));
  addEventListener('pagehide', () => rest?.());
  addEventListener('pageshow', (event) => event.persisted && wake('kept'));
  addEventListener('online', () => wake('online'));
  addEventListener('offline', () => offline?.());
}
