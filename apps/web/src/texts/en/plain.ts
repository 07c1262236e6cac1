/** What only the pages without scripts say. */
export const plain = {
  'plain.refresh': 'This page renews itself every {seconds} seconds.',
  'plain.now': 'Renew now',
  'plain.away': 'The waiting room does not answer',
  'plain.away-lead': 'This page asks again by itself. If you have a place, waiting here does not lose it.',
  'plain.no-pay': 'You can wait and choose seats here. Paying needs a browser with JavaScript: switch before it is your turn.',
  'plain.none': 'No seat was chosen. Tick the seats you want, then hold them.',
  'plain.minutes': '{minutes} min',
  'plain.hold': 'Hold the ticked seats',
  'plain.release-sure': 'Give these seats back? Somebody else may take them at once.',
  'plain.outside': 'You are not inside, or your time is over. Tickets and orders that you have made stay yours.',
  'plain.no-window': 'The payment window needs JavaScript. Turn it on in this browser and open this page again before the time is up.',
  'plain.confirming-lead': 'Your payment is being handed over. This page asks again by itself: do not pay again.',
} as const;
