import type { TossCall } from './toss-client.ts';

type Teller = { debug(about: object, text: string): void; warn(about: object, text: string): void };

/** Writes each call of the provider down with its trace id, by which their support finds it: what went well quietly, anything else to be seen. */
export const tellCall = (logger: Teller) => ({ call, outcome, trace, tookMs }: TossCall): void => {
  const about = { call, outcome, trace, tookMs: Math.round(tookMs) };
  if (outcome === 'ok') logger.debug(about, 'the payment provider answered');
  else logger.warn(about, 'the payment provider refused or was silent');
};
