import type { Language } from '@onsale/contract';
import { useEffect, useRef } from 'preact/hooks';
import { reclaimFocus } from '../../shared/heading.tsx';
import type { Say } from '../../shared/page-data.ts';
import type { BookingState } from '../page-state/booking-state.ts';
import type { MapProps } from './map-view.tsx';
import { wordsOf } from './seat-words.ts';

type NoticesProps = MapProps & { readonly problems: Readonly<Record<string, string>> };

/** The notice, and it comes into sight when it answers a press: on a phone the button is in the bar below, far from the basket. */
export function Notices(props: NoticesProps) {
  const { notice } = props.state;
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (notice === null || isPassing(notice)) return;
    place.current?.scrollIntoView({ block: 'nearest' });
    reclaimFocus(place.current);
  }, [notice]);
  return (
    <div class="notices" ref={place} tabIndex={-1}>
      <Notice {...props} />
    </div>
  );
}

/** These come while a fan is looking at seats: the page stays where it is, and a phone shows them in the bar below. */
const isPassing = ({ kind }: NonNullable<BookingState['notice']>): boolean => kind === 'gone' || kind === 'limit';

/** The words of a notice that does not stop the choosing; null for every other. */
export function passingWords({ notice, hall }: BookingState, say: Say, language: Language): string | null {
  if (notice === null || hall === null) return null;
  if (notice.kind === 'limit') return say('seats.limit-reached', { count: notice.limit });
  return notice.kind === 'gone' ? say('seats.gone-while-choosing', { seat: wordsOf(hall, notice.seat, say, language) }) : null;
}

/** What has just gone wrong, and the way on: after a lost seat, the nearest free ones in one press. */
function Notice({ state, driver, say, language, problems }: NoticesProps) {
  const { notice, offers, hall } = state;
  if (notice === null || hall === null) return <div role="status" />;
  const nameOf = (seat: number): string => wordsOf(hall, seat, say, language);
  if (notice.kind === 'gone' || notice.kind === 'limit')
    return (
      <p class={`note${notice.kind === 'gone' ? ' note-warn' : ''}`} role="status">
        {passingWords(state, say, language)}
      </p>
    );
  if (notice.kind === 'ran-out')
    return (
      <p class="note note-warn" role="alert">
        {say('seats.hold-ran-out')}
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
