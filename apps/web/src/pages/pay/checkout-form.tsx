import { useState } from 'preact/hooks';
import type { Say } from '../shared/page-data.ts';
import { EMAIL_MAX, isEmailFine, NAME_MAX } from './page-state/buyer.ts';
import type { Buyer } from './payment.ts';

type FormProps = {
  readonly say: Say;
  readonly label: string;
  readonly busy: boolean;
  readonly withBuyer: boolean;
  readonly onPay: (buyer: Buyer) => void;
  /** What was typed before the page was left for another step, language or reload. */
  readonly draft?: Buyer | null;
  readonly onDraft?: (buyer: Buyer) => void;
};

/** The buyer, who may stay unnamed, and the button that pays. */
export function CheckoutForm({ say, label, busy, withBuyer, onPay, draft = null, onDraft }: FormProps) {
  const [buyer, setTyped] = useState<Buyer>(draft ?? { name: '', email: '' });
  const setBuyer = (typed: Buyer): void => {
    setTyped(typed);
    onDraft?.(typed);
  };
  const [wrong, setWrong] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    const email = buyer.email.trim();
    if (!isEmailFine(email)) return setWrong(true);
    setWrong(false);
    onPay({ name: buyer.name.trim(), email });
  };
  return (
    <form class="checkout-form" onSubmit={submit} noValidate>
      {withBuyer ? (
        <fieldset>
          <legend>{say('pay.buyer')}</legend>
          <p class="muted small">{say('pay.buyer-lead')}</p>
          <label class="field">
            <span>{say('pay.name')}</span>
            <input
              class="input"
              name="name"
              autocomplete="name"
              maxLength={NAME_MAX}
              value={buyer.name}
              onInput={(event) => setBuyer({ ...buyer, name: event.currentTarget.value })}
            />
          </label>
          <label class="field">
            <span>{say('pay.email')}</span>
            <input
              class="input"
              name="email"
              type="email"
              inputMode="email"
              autocomplete="email"
              maxLength={EMAIL_MAX}
              value={buyer.email}
              aria-invalid={wrong}
              aria-describedby={wrong ? 'email-wrong' : undefined}
              onInput={(event) => setBuyer({ ...buyer, email: event.currentTarget.value })}
            />
          </label>
          {wrong ? (
            <p id="email-wrong" class="note note-bad" role="alert">
              {say('pay.email-wrong')}
            </p>
          ) : null}
        </fieldset>
      ) : null}
      <button class="button button-primary button-large button-block" disabled={busy}>
        {busy ? say('pay.paying') : label}
      </button>
    </form>
  );
}
