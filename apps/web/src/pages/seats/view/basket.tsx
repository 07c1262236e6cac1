import { useState } from 'preact/hooks';
import { formatMoney } from '../../../texts/formats.ts';
import { Heading } from '../../shared/heading.tsx';
import { limitOf, quote } from '../page-state/booking-state.ts';
import { seatName } from '../page-state/hall.ts';
import type { MapProps } from './map-view.tsx';

/** What the fan has chosen, what it costs, and the press that holds it. */
export function Basket({ state, driver, say, language }: MapProps) {
  const { hall, chosen, mode, busy } = state;
  if (hall === null) return null;
  const limit = limitOf(state);
  const bill = quote(hall, chosen);
  const money = (amount: number): string => formatMoney(amount, hall.layout.currency, language);
  const swapping = mode === 'swapping';
  return (
    <section class="card basket" aria-label={say('seats.basket')}>
      <Heading level={2}>
        {say('seats.basket')}{' '}
        <small class="muted" translate={false}>
          {chosen.length} / {limit}
        </small>
      </Heading>
      {chosen.length === 0 ? <p class="muted">{say('seats.basket-empty')}</p> : null}
      <ul class="basket-seats">
        {chosen.map((seat) => {
          const name = seatName(hall, seat, language);
          if (name === null) return null;
          return (
            <li key={seat}>
              <span>
                <strong>{name.grade.name[language]}</strong> {say('seats.seat-name', { section: name.section, row: name.row, seat: name.label })}
              </span>
              <span class="figures-right" translate={false}>{money(name.grade.price)}</span>
              <button
                type="button"
                class="take-out"
                aria-label={`${say('seats.take-out')}: ${say('seats.seat-name', { section: name.section, row: name.row, seat: name.label })}`}
                onClick={() => driver.toggle(seat)}
              >
                ×
              </button>
            </li>
          );
        })}
      </ul>
      {chosen.length === 0 ? null : (
        <p class="bill-total">
          <span>
            {say('seats.total')}
            <small class="muted"> {bill.fees > 0 ? say('seats.fee-part', { fee: money(bill.fees) }) : ''}</small>
          </span>
          <strong translate={false}>{money(bill.amount)}</strong>
        </p>
      )}
      <p class="muted small">
        {say('seats.limit-left', { count: limit })} {say('seats.attempts', { count: state.session?.limits.attemptsLeft ?? 0 })}
      </p>
      {chosen.length === 0 && !swapping ? null : (
        <div class="basket-actions">
          <button
            type="button"
            class="button button-primary button-large button-block"
            disabled={busy !== null || chosen.length === 0}
            onClick={() => void driver.hold(chosen)}
          >
            {busy === 'hold'
              ? say('seats.holding')
              : busy === 'swap'
                ? say('seats.swapping')
                : say(swapping ? 'seats.swap' : 'seats.hold', { count: chosen.length })}
          </button>
          {swapping ? (
            <button type="button" class="button button-quiet" onClick={() => driver.go('held')}>
              {say('seats.keep-old')}
            </button>
          ) : (
            <button type="button" class="button button-quiet" onClick={() => driver.clear()}>
              {say('seats.clear')}
            </button>
          )}
        </div>
      )}
    </section>
  );
}

/** For those who want good seats rather than certain seats: the server picks and holds in one step. */
export function BestAvailable({ state, driver, say, language, grade }: MapProps) {
  const limit = Math.max(1, limitOf(state));
  const [quantity, setQuantity] = useState(Math.min(2, limit));
  const [chosenGrade, setGrade] = useState<string>('');
  const grades = state.hall?.layout.grades ?? [];
  const wanted = chosenGrade !== '' ? chosenGrade : grade === null ? '' : (grades[grade]?.grade ?? '');
  return (
    <section class="card best">
      <h2>{say('seats.best')}</h2>
      <p class="muted small">{say('seats.best-lead')}</p>
      <div class="best-fields">
        <label class="field">
          <span>{say('seats.quantity')}</span>
          <select class="input" value={String(quantity)} onChange={(event) => setQuantity(Number(event.currentTarget.value))}>
            {Array.from({ length: limit }, (_, index) => (
              <option key={index} value={String(index + 1)}>
                {index + 1}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{say('seats.grade')}</span>
          <select class="input" value={wanted} onChange={(event) => setGrade(event.currentTarget.value)}>
            <option value="">{say('seats.any-grade')}</option>
            {grades.map((entry) => (
              <option key={entry.grade} value={entry.grade}>
                {entry.name[language]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <button
        type="button"
        class="button button-block"
        disabled={state.busy !== null}
        onClick={() => void driver.holdBest(quantity, wanted === '' ? null : wanted)}
      >
        {say(state.busy === 'best' ? 'seats.best-finding' : 'seats.best-find')}
      </button>
    </section>
  );
}
