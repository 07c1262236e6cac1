import type { RoomReply } from '@onsale/contract';
import { ADMISSION, call } from '../shared/api.ts';
import { clockText, deadlineIn, leftOf, type Deadline } from '../shared/page-state/countdown.ts';
import { guardPresses } from '../shared/press-guard.ts';
import { watchLife } from '../shared/lifecycle.ts';
import { readPageData, sayWith, type PageData } from '../shared/page-data.ts';

type EventData = PageData & { readonly room: string; readonly opensInMs: number | null; readonly phase: string | null };

guardPresses(document);

/** Counts down to the opening; once it has passed, the server's page says what is true now. */
const data = readPageData<EventData>();
const say = sayWith(data.texts);
const clock = document.querySelector('[data-clock]') as HTMLElement;
const CHECK_MS = 5_000;

let deadline: Deadline | null = data.opensInMs === null ? null : deadlineIn(data.opensInMs, performance.now());
const tick = (): void => {
  if (deadline === null) return;
  const left = leftOf(deadline, performance.now());
  const label = document.createElement('small');
  label.textContent = say('event.opens-in');
  clock.replaceChildren(label, clockText(left));
  if (left === 0) {
    deadline = null;
    void waitForOpening();
  }
};
const waitForOpening = async (): Promise<void> => {
  const answer = await call<RoomReply>(`${ADMISSION}/rooms/${data.room}`);
  if (answer.ok && answer.body.phase !== 'scheduled') return location.reload();
  if (answer.ok && answer.body.opensInMs !== null && answer.body.opensInMs > 0) deadline = deadlineIn(answer.body.opensInMs, performance.now());
  setTimeout(() => void waitForOpening(), CHECK_MS * (1 + Math.random()));
};
// What stands here was true when the page was made: one that comes back from the browser's memory is made anew.
watchLife({ wake: (how) => how === 'kept' && location.reload() });
if (data.phase === 'scheduled') {
  tick();
  setInterval(tick, 1_000);
}
