import { formatMoney } from '../../../texts/formats.ts';
import { clockText } from '../../shared/page-state/countdown.ts';
import { quote } from '../page-state/booking-state.ts';
import type { MapProps } from './map-view.tsx';
import { passingWords } from './notices.tsx';

/** The next step of the purchase at the lower edge of a phone; wide screens show it beside the hall already. */
export function ActionBar({ state, driver, say, language }: MapProps) {
  const { hall, held, chosen, busy, mode } = state;
  if (hall === null) return null;
  const money = (amount: number): string => formatMoney(amount, hall.layout.currency, language);
  if (mode === 'held' && held !== null) {
    return (
      <div class="action-bar">
        <p>
          <small class="muted">{say('seats.hold-left')}</small>
          <br />
          <strong translate={false}>{clockText(held.until - performance.now())}</strong>
        </p>
        <button type="button" class="button button-primary" disabled={busy !== null} onClick={() => driver.go('checkout')}>
          {say('seats.to-pay')}
        </button>
      </div>
    );
  }
  const swapping = mode === 'swapping';
  const words = passingWords(state, say, language);
  if (chosen.length === 0)
    return words === null ? null : (
      <div class="action-bar">
        <p class="action-note" aria-hidden="true">
          {words}
        </p>
      </div>
    );
  return (
    <div class="action-bar">
      {words === null ? null : (
        <p class="action-note" aria-hidden="true">
          {words}
        </p>
      )}
      <p>
        <small class="muted">{say('seats.total')}</small>
        <br />
        <strong translate={false}>{money(quote(hall, chosen).amount)}</strong>
      </p>
      <button type="button" class="button button-primary" disabled={busy !== null} onClick={() => void driver.hold(chosen)}>
        {busy === 'hold'
          ? say('seats.holding')
          : busy === 'swap'
            ? say('seats.swapping')
            : say(swapping ? 'seats.swap' : 'seats.hold', { count: chosen.length })}
      </button>
    </div>
  );
}
