import type { HeldSeat, Language } from '@onsale/contract';
import { formatMoney } from '../../texts/formats.ts';
import type { Say } from '../shared/page-data.ts';

type TableProps = {
  readonly seats: readonly HeldSeat[];
  readonly amount: number;
  readonly currency: string;
  readonly language: Language;
  readonly say: Say;
  readonly totalLabel: string;
};

/** Seats with what each costs; the total is the server's, never summed here. */
export function SeatTable({ seats, amount, currency, language, say, totalLabel }: TableProps) {
  const money = (value: number): string => formatMoney(value, currency, language);
  const fees = seats.reduce((sum, { fee }) => sum + fee, 0);
  return (
    <div class="bill">
      <ul class="bill-seats">
        {seats.map((seat) => (
          <li key={seat.seat}>
            <span>
              <strong>{seat.grade}</strong> {say('pay.seat-name', { section: seat.section, row: seat.row, seat: seat.label })}
            </span>
            <span class="figures-right" translate={false}>{money(seat.price)}</span>
          </li>
        ))}
        {fees > 0 ? (
          <li class="muted">
            <span>{say('pay.fees')}</span>
            <span class="figures-right">{money(fees)}</span>
          </li>
        ) : null}
      </ul>
      <p class="bill-total">
        <span>{totalLabel}</span>
        <strong translate={false}>{money(amount)}</strong>
      </p>
    </div>
  );
}
