/**
 * Headers of every page. No inline script or style runs: what a page needs to know comes in a JSON block, which is data.
 * `paymentOrigins` are where the payment window's script, frames and calls live (the sandbox in development).
 */
export function pageHeaders(paymentOrigins: readonly string[], secure: boolean): Readonly<Record<string, string>> {
  const payment = paymentOrigins.length === 0 ? '' : ` ${paymentOrigins.join(' ')}`;
  const policy = [
    "default-src 'none'",
    `script-src 'self'${payment}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    `connect-src 'self'${payment}`,
    `frame-src 'self'${payment}`,
    `form-action 'self'${payment}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    ...(secure ? ['upgrade-insecure-requests'] : []),
  ];
  return {
    'content-security-policy': policy.join('; '),
    // The payment window may be a popup that talks back to its opener.
    'cross-origin-opener-policy': 'same-origin-allow-popups',
    'referrer-policy': 'strict-origin-when-cross-origin',
    'x-content-type-options': 'nosniff',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    ...(secure ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } : {}),
  };
}
