import type { OrderReply, OrdersReply, OrderSummary } from '@onsale/contract';
import { useEffect, useState } from 'preact/hooks';
import { formatDate, formatMoney } from '../../texts/formats.ts';
import { keptOrders, type KeptOrder } from '../pay/kept-orders.ts';
import { orderHeaders } from '../pay/payment.ts';
import { ADMISSION, BOOKING, call } from '../shared/api.ts';
import { watchLife } from '../shared/lifecycle.ts';
import { readPageData, sayWith, type PageData } from '../shared/page-data.ts';
import { showPage } from '../shared/show-page.ts';

const data = readPageData<PageData>();
const say = sayWith(data.texts);
const { language } = data;

/** A seat's name stays on one line. */
const NO_BREAK_SPACE = '\u00a0';
const NO_BREAK_HYPHEN = '\u2011';

type Listed = { readonly orders: readonly OrderSummary[]; readonly isWhole: boolean };

/**
 * Orders of the device's cookie, which outlives what a browser clears of storage, the newest first; then those only whose key is kept here. Whoever
 * visits has the cookie's life renewed.
 */
function MyTickets() {
  const [listed, setListed] = useState<Listed | null>(null);
  const [looks, setLooks] = useState(0);
  const orders = keptOrders();
  useEffect(() => watchLife({ wake: () => setLooks((before) => before + 1) }), []);
  useEffect(() => {
    void call<OrdersReply>(`${BOOKING}/orders`).then((answer) => {
      setListed(answer.ok ? { orders: answer.body.orders, isWhole: true } : { orders: [], isWhole: answer.code === 'no-identity' });
      if (answer.ok) void call(`${ADMISSION}/device`, { method: 'POST', body: {} });
    });
  }, [looks]);
  const rest = listed === null ? [] : orders.filter(({ id }) => listed.orders.every((order) => order.id !== id));
  return (
    <div class="narrow">
      <h1>{say('me.title')}</h1>
      <p class="lead">{say('me.lead')}</p>
      {listed === null ? (
        <p class="loading" role="status">
          {say('shell.loading')}
        </p>
      ) : listed.orders.length + rest.length === 0 ? (
        <div class="card">
          <p>{say(listed.isWhole ? 'me.empty' : 'me.unknown')}</p>
          <a class="button" href="/">
            {say('me.browse')}
          </a>
        </div>
      ) : (
        <ul class="orders">
          {listed.orders.map((order) => (
            <li key={order.id}>
              <OrderLine id={order.id} order={order} away={false} />
            </li>
          ))}
          {rest.map((order) => (
            <li key={order.id}>
              <KeptLine kept={order} looks={looks} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** An order that the cookie does not open: asked for with its own key. */
function KeptLine({ kept, looks }: { readonly kept: KeptOrder; readonly looks: number }) {
  const [order, setOrder] = useState<OrderReply | null>(null);
  const [away, setAway] = useState(false);
  useEffect(() => {
    void call<OrderReply>(`${BOOKING}/orders/${kept.id}`, { headers: orderHeaders(kept.key) }).then((answer) =>
      answer.ok ? setOrder(answer.body) : setAway(true),
    );
  }, [kept.id, looks]);
  return <OrderLine id={kept.id} order={order} away={away} />;
}

function OrderLine({ id, order, away }: { readonly id: string; readonly order: OrderSummary | null; readonly away: boolean }) {
  return (
    <a class="card order-line" href={`/orders/${id}`}>
      {order === null ? (
        <span class="muted">{away ? say('me.unknown') : say('shell.loading')}</span>
      ) : (
        <span>
          <strong>{order.event[language]}</strong>
          <br />
          <span class="muted small">
            {formatDate(order.startsAt, language)}
            <br />
            {order.seats.map((seat) => `${seat.section}${NO_BREAK_SPACE}${seat.row}${NO_BREAK_HYPHEN}${seat.label}`).join(', ')}
          </span>
        </span>
      )}
      {order === null ? (
        <span class="button button-quiet">{say('me.see')}</span>
      ) : (
        <span class="order-state">
          <span class={`phase order-${order.state}`}>{say(`me.state-${order.state}`)}</span>
          <br />
          <span class="figures-right">{formatMoney(order.amount, order.currency, language)}</span>
        </span>
      )}
    </a>
  );
}

showPage(() => <MyTickets />);
