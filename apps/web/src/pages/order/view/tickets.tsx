import type { Language, OrderReply, TicketReply } from '@onsale/contract';
import { formatDate } from '../../../texts/formats.ts';
import { Heading } from '../../shared/heading.tsx';
import type { Say } from '../../shared/page-data.ts';
import { qrPath } from '../page-state/qr-path.ts';

type TicketsProps = { readonly order: OrderReply; readonly say: Say; readonly language: Language };

export function Tickets({ order, say, language }: TicketsProps) {
  return (
    <div class="narrow tickets">
      <div class="no-print">
        <Heading level={1}>{say('order.paid')}</Heading>
        <p class="lead">{say('order.paid-lead')}</p>
      </div>
      {order.tickets.map((ticket, index) => (
        <Ticket
          key={ticket.id}
          ticket={ticket}
          order={order}
          say={say}
          language={language}
          place={say('ticket.of', { index: index + 1, count: order.tickets.length })}
        />
      ))}
      <p class="row row-center no-print">
        <button type="button" class="button button-primary" onClick={() => print()}>
          {say('ticket.print')}
        </button>
        <a class="button" href="/me">
          {say('shell.my-tickets')}
        </a>
      </p>
    </div>
  );
}

function Ticket({ ticket, order, say, language, place }: TicketsProps & { readonly ticket: TicketReply; readonly place: string }) {
  const { seat } = ticket;
  const facts = [
    [say('ticket.section'), seat.section],
    [say('ticket.row'), seat.row],
    [say('ticket.seat'), seat.label],
    [say('ticket.grade'), seat.grade],
  ] as const;
  return (
    <article class={`ticket ticket-${ticket.state}`} aria-label={`${say('ticket.title')} ${place}`}>
      <div class="ticket-head">
        <h2>{order.event[language]}</h2>
        <p>
          {formatDate(order.startsAt, language)}
          <br />
          {order.venue[language]}
        </p>
      </div>
      <dl class="ticket-seat">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div class="ticket-code">
        <QrCode text={ticket.credential} label={say('ticket.qr')} />
        <p class="small">
          <strong>{say(`ticket.${ticket.state}`)}</strong> · {place}
          <br />
          <span class="ticket-id" translate={false}>
            {say('ticket.number')} {ticket.id.slice(0, 10)}
          </span>
        </p>
      </div>
    </article>
  );
}

function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { path, size } = qrPath(text);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}
