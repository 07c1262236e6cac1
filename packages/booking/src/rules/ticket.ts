/**
 * A ticket: the right to one seat, made when its order is paid.
 *
 *   valid ──checked in──► used          suspended: a bank took its correction back
 *    │ ▲ └──────────────► void          void: cancelled, or the show was
 *    │ └── suspended ──► void
 *    └──────►┘
 *
 * `generation` rises with every re-issue (transfer, paper): a gate admits the highest it knows.
 */
export const TICKET_STATES = ['valid', 'used', 'suspended', 'void'] as const;
export type TicketState = (typeof TICKET_STATES)[number];

const NEXT: Record<TicketState, readonly TicketState[]> = { valid: ['used', 'suspended', 'void'], used: [], suspended: ['valid', 'void'], void: [] };
export const mayMoveTicket = (from: TicketState, to: TicketState): boolean => NEXT[from].includes(to);
