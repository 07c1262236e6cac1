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
    return (
      <p class="note note-warn" role="alert">
        {notice.code === 'offline' ? say('shell.offline') : (problems[notice.code] ?? problems['internal'])}
      </p>
    );
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

const offerWords = (seats: readonly number[], nameOf: (seat: number) => string): string => seats.map(nameOf).join(' · ');
