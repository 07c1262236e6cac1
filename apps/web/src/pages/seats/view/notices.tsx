import { seatName } from '../page-state/hall.ts';
import type { MapProps } from './map-view.tsx';

/** What has just gone wrong, and the way on: after a lost seat, the nearest free ones in one press. */
export function Notices({ state, driver, say, language, problems }: MapProps & { readonly problems: Readonly<Record<string, string>> }) {
  const { notice, offers, hall } = state;
  if (notice === null || hall === null) return <div role="status" />;
  const nameOf = (seat: number): string => {
    const name = seatName(hall, seat, language);
    return name === null ? '' : say('seats.seat-name', { section: name.section, row: name.row, seat: name.label });
  };
  if (notice.kind === 'gone')
    return (
      <p class="note note-warn" role="status">
        {say('seats.gone-while-choosing', { seat: nameOf(notice.seat) })}
      </p>
    );
  if (notice.kind === 'ran-out')
    return (
      <p class="note note-warn" role="alert">
        {say('seats.hold-ran-out')}
      </p>
    );
  if (notice.kind === 'limit')
    return (
      <p class="note" role="status">
        {say('seats.limit-reached', { count: notice.limit })}
      </p>
    );
  if (notice.code !== 'seat-taken')
    return <ProblemNote code={notice.code} seats={notice.code === 'orphan-seat' ? notice.seats.map(nameOf) : []} say={say} problems={problems} />;
  return (
    <section class="card offers" role="alert">
      <h2>{say('seats.taken-title')}</h2>
      <p class="muted">{say('seats.taken')}</p>
      {offers.length === 0 ? null : (
        <>
          <p>{say('seats.offer')}</p>
          <ul class="offer-list">
            {offers.slice(0, 3).map((seats) => (
              <li key={seats.join()}>
                <span>{offerWords(seats, nameOf)}</span>
                <button type="button" class="button button-primary" disabled={state.busy !== null} onClick={() => void driver.hold(seats)}>
                  {say('seats.offer-take')}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <button type="button" class="button button-quiet" onClick={() => driver.dismiss()}>
        {say('shell.close')}
      </button>
    </section>
  );
}

/** An order that was made already is found again among the tickets. */
function ProblemNote({
  code,
  seats,
  say,
  problems,
}: Pick<MapProps, 'say'> & { readonly code: string; readonly seats: readonly string[]; readonly problems: Readonly<Record<string, string>> }) {
  const hasOrder = code === 'orders-used' || code === 'payment-in-progress' || code === 'order-state';
  return (
    <p class="note note-warn" role="alert">
      {code === 'offline' ? say('shell.offline') : (problems[code] ?? problems['internal'])} {seats.join(' · ')}
      {hasOrder ? <a href="/me">{say('shell.my-tickets')}</a> : null}
    </p>
  );
}

const offerWords = (seats: readonly number[], nameOf: (seat: number) => string): string => seats.map(nameOf).join(' · ');
