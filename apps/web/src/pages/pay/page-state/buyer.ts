/** Plausible, not proved: something, an at sign, a domain with a dot. Empty is fine, it is optional. */
const EMAIL = /^[^\s@]{1,64}@[^\s@]+\.[^\s@]{2,}$/;
export const NAME_MAX = 60;
export const EMAIL_MAX = 200;

export const isEmailFine = (text: string): boolean => text === '' || (text.length <= EMAIL_MAX && EMAIL.test(text));
