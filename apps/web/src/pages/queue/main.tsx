import { render } from 'preact';
import { readPageData, sayWith, type PageData } from '../shared/page-data.ts';
import { QueueDriver } from './driver.ts';
import { QueuePage } from './view/queue-page.tsx';

type QueueData = PageData & { readonly room: string; readonly name: string | null };

const data = readPageData<QueueData>();
const root = document.getElementById('root') as HTMLElement;
const say = sayWith(data.texts);
const driver = new QueueDriver(data.room, () => draw());
const draw = (): void =>
  render(<QueuePage driver={driver} state={driver.state} say={say} language={data.language} name={data.name} problems={data.problems ?? {}} />, root);

root.replaceChildren();
draw();
// A page that the browser loads ahead of time, unseen, takes no place.
if ((document as { prerendering?: boolean }).prerendering === true) document.addEventListener('prerenderingchange', () => driver.start(), { once: true });
else driver.start();
// A restored page (back button) shows what it knew; the driver asks at once. The figures between news move by the clock.
setInterval(draw, 1_000);
