import type { OrderReply } from '@onsale/contract';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formatDate, formatMoney } from '../../texts/formats.ts';
import { keptOrders, type KeptOrder } from '../pay/kept-orders.ts';
import { orderHeaders } from '../pay/payment.ts';
import { BOOKING, call } from '../shared/api.ts';
import { readPageData, sayWith, type PageData } from '../shared/page-data.ts';

const data = readPageData<PageData>();
const say = sayWith(data.texts);
const { language } = data;

/** A seat's name stays on one line. */
const NO_BREAK_SPACE = '\u00a0';
const NO_BREAK_HYPHEN = '\u2011';

/** Orders made on this device, the newest first; each is asked for with its own key. */
function MyTickets() {
  const orders = keptOrders();
  return (
    <div class="narrow">
      <h1>{say('me.title')}</h1>
      <p class="lead">{say('me.lead')}</p>
      {orders.length === 0 ? (
        <div class="card">
          <p>{say('me.empty')}</p>
          <a class="button" href="/">
            {say('me.browse')}
          </a>
        </div>
      ) : (
        <ul class="orders">
          {orders.map((order) => (
            <OrderLine key={order.id} kept={order} />
          ))}
        </ul>
      )}
    </div>
  );
}

function OrderLine({ kept }: { readonly kept: KeptOrder }) {
  const [order, setOrder] = useState<OrderReply | null>(null);
  const [away, setAway] = useState(false);
  useEffect(() => {
    void call<OrderReply>(`${BOOKING}/orders/${kept.id}`, { headers: orderHeaders(kept.key) }).then((answer) =>
      answer.ok ? setOrder(answer.body) : setAway(true),
    );
  }, [kept.id]);
  return (
    <li>
      <a class="card order-line" href={`/orders/${kept.id}`}>
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
    </li>
  );
}

const root = document.getElementById('root') as HTMLElement;
root.replaceChildren();
render(<MyTickets />, root);
