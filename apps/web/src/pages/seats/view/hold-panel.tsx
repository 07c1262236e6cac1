import type { HeldSeat } from '@onsale/contract';
import { SeatTable } from '../../pay/seat-table.tsx';
import { clockText } from '../../shared/page-state/countdown.ts';
import { Heading } from '../../shared/heading.tsx';
import { Question } from '../../shared/question.tsx';
import type { MapProps } from './map-view.tsx';

/** Seats that are the fan's for a while, and what can be done with them. */
export function HoldPanel({ state, driver, say, language }: MapProps) {
  const { held, busy, others } = state;
  const nameOf = (seat: HeldSeat): string => say('seats.seat-name', { section: seat.section, row: seat.row, seat: seat.label });
  if (held === null) return null;
  const left = Math.max(0, held.until - performance.now());
  return (
    <section class="card held" aria-label={say('seats.held')}>
      <Heading level={2}>{say('seats.held')}</Heading>
      <p class="muted small">{say('seats.held-lead')}</p>
      <p class={`clock${left < 60_000 ? ' clock-low' : ''}`} role="timer" aria-live="off">
        <span class="clock-label">{say('seats.hold-left')}</span> <span class="clock-figure" translate={false}>{clockText(left)}</span>
      </p>
      {others.map((other) => (
        <div class="note note-warn" role="status" key={other.id}>
          <p>{say('seats.second', { seats: other.seats.map(nameOf).join(' · ') })}</p>
          <Question
            look=""
            label={say('seats.second-release')}
            question={say('seats.release-sure')}
            yes={say('seats.release-yes')}
            no={say('seats.release-no')}
            busy={busy !== null}
            onYes={() => void driver.releaseOther(other.id)}
          />
        </div>
      ))}
      <SeatTable seats={held.seats} amount={held.amount} currency={held.currency} language={language} say={say} totalLabel={say('seats.total')} />
      <div class="basket-actions">
        <button type="button" class="button button-primary button-large button-block" disabled={busy !== null} onClick={() => driver.go('checkout')}>
          {say('seats.to-pay')}
        </button>
        <div class="row">
          <button type="button" class="button" disabled={busy !== null} onClick={() => driver.go('swapping')}>
            {say('seats.change')}
          </button>
          <Question
            look="button-quiet"
            label={say('seats.release')}
            question={say('seats.release-sure')}
            yes={say('seats.release-yes')}
            no={say('seats.release-no')}
            busy={busy !== null}
            onYes={() => void driver.release()}
          />
        </div>
      </div>
    </section>
  );
}
