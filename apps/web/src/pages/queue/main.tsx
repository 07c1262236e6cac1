import { readPageData, sayWith, type PageData } from '../shared/page-data.ts';
import { showPage } from '../shared/show-page.ts';
import { QueueDriver } from './driver.ts';
import { QueuePage } from './view/queue-page.tsx';

type QueueData = PageData & { readonly room: string; readonly name: string | null };

const data = readPageData<QueueData>();
const say = sayWith(data.texts);
const driver = new QueueDriver(data.room, () => draw());
const draw = showPage(() => (
  <QueuePage driver={driver} state={driver.state} say={say} language={data.language} name={data.name} problems={data.problems ?? {}} />
));
// A page that the browser loads ahead of time, unseen, takes no place.
if ((document as { prerendering?: boolean }).prerendering === true) document.addEventListener('prerenderingchange', () => driver.start(), { once: true });
else driver.start();
