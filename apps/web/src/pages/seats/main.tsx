import { render } from 'preact';
import { readPageData, sayWith, type PageData } from '../shared/page-data.ts';
import { BookingDriver } from './driver.ts';
import { SeatsPage } from './view/seats-page.tsx';

type SeatsData = PageData & { readonly show: string; readonly room: string | null };

const data = readPageData<SeatsData>();
const root = document.getElementById('root') as HTMLElement;
const say = sayWith(data.texts);
const driver = new BookingDriver(data.show, () => draw());
const draw = (): void =>
  render(<SeatsPage driver={driver} state={driver.state} say={say} language={data.language} room={data.room} problems={data.problems ?? {}} />, root);

root.replaceChildren();
draw();
void driver.start();
setInterval(draw, 1_000);
